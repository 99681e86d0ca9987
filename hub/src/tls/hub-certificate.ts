import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { writeWhole } from "@atalaya/wire/files";
import { serverLimits } from "../server/limits.ts";
import type { KeyPair } from "./issue.ts";

// Four files in the hub's folder, all mode 0600 but the first, which is public and is handed to clients:
//   ca.pem   ca.key   server.pem   server.key

/** What the HTTPS server runs on, and the authority's certificate that clients trust it by. */
export type HubCertificate = { caPem: string; cert: string; key: string; renewed: boolean };

/**
 * Reads the hub's certificate; makes authority and certificate where they are missing, unreadable, near their end, or
 * do not name `listenHost` and `more`. The authority outlives many server certificates, so clients rarely need a new ca.pem.
 */
export async function hubCertificate(
  folder: string,
  listenHost: string,
  now = Date.now(),
  more: readonly string[] = [],
): Promise<HubCertificate> {
  const path = (name: string) => join(folder, name);
  const names = certificateNames(listenHost, more);
  const authority = readPair(path("ca.pem"), path("ca.key"));
  const server = readPair(path("server.pem"), path("server.key"));
  const authorityGood = authority !== undefined && lastsUntil(authority, now + serverLimits.authorityRenewMs);
  if (authorityGood && server !== undefined && serves(server, authority, names, now)) {
    return { caPem: authority.certificate, cert: server.certificate, key: server.key, renewed: false };
  }
  const { issueAuthority, issueServer } = await import("./issue.ts");
  const newAuthority = authorityGood
    ? authority
    : await issueAuthority(`Atalaya hub ${hostname()}`, serverLimits.authorityMs);
  const newServer = await issueServer(newAuthority, names, serverLimits.certificateMs);
  if (!authorityGood) {
    writeWhole(path("ca.key"), newAuthority.key);
    writeWhole(path("ca.pem"), newAuthority.certificate, 0o644);
  }
  writeWhole(path("server.key"), newServer.key);
  writeWhole(path("server.pem"), newServer.certificate);
  return { caPem: newAuthority.certificate, cert: newServer.certificate, key: newServer.key, renewed: true };
}

/** localhost, both loopback addresses, this machine's name, the host to listen on unless it means "all", and `more`. */
export function certificateNames(listenHost: string, more: readonly string[] = []): string[] {
  const names = ["localhost", "127.0.0.1", "::1", hostname().toLowerCase(), ...more.map((name) => name.toLowerCase())];
  if (listenHost !== "0.0.0.0" && listenHost !== "::") names.push(listenHost.toLowerCase());
  return [...new Set(names)];
}

/** A pair that cannot be read, or whose halves do not belong together, is as good as none. */
function readPair(certificateFile: string, keyFile: string): KeyPair | undefined {
  try {
    const pair = { certificate: readFileSync(certificateFile, "utf8"), key: readFileSync(keyFile, "utf8") };
    return new X509Certificate(pair.certificate).checkPrivateKey(createPrivateKey(pair.key)) ? pair : undefined;
  } catch {
    return undefined;
  }
}

function lastsUntil(pair: KeyPair, time: number): boolean {
  return new X509Certificate(pair.certificate).validToDate.getTime() > time;
}

function serves(server: KeyPair, authority: KeyPair, names: readonly string[], now: number): boolean {
  const certificate = new X509Certificate(server.certificate);
  const signed = certificate.verify(new X509Certificate(authority.certificate).publicKey);
  const named = names.every((name) =>
    name.includes(":") || /^[0-9.]+$/.test(name) ? certificate.checkIP(name) : certificate.checkHost(name),
  );
  return signed && named && lastsUntil(server, now + serverLimits.certificateRenewMs);
}
