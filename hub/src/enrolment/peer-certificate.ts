import { createHash, X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { type NodeName, readNodeUri } from "@atalaya/wire";

/** What a client certificate says, verified as ours; whether it still counts is decided per request. */
export type PeerCertificate = NodeName & { keySha256: string; notBeforeMs: number; notAfterMs: number };

const clientAuth = "1.3.6.1.5.5.7.3.2";
// A connection keeps its certificate for its life: parsed once.
const seen = new WeakMap<Socket, PeerCertificate | undefined>();

/**
 * The certificate that the other side of a TLS connection proved to own the key of, if our authority signed it for a
 * node. TLS itself refuses nobody here: browsers have no certificate, and an expired one may still ask to be renewed.
 */
export function peerCertificate(socket: Socket, ca: X509Certificate): PeerCertificate | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  if (seen.has(socket)) return seen.get(socket);
  const raw = socket.getPeerCertificate()?.raw as Buffer | undefined;
  const read = raw === undefined ? undefined : readNodeCertificate(raw, ca);
  seen.set(socket, read);
  return read;
}

/** Reads a certificate (DER or PEM); undefined unless `ca` signed it for exactly one node as a client. */
export function readNodeCertificate(bytes: Buffer | string, ca: X509Certificate): PeerCertificate | undefined {
  try {
    const certificate = new X509Certificate(bytes);
    const ours = !certificate.ca && certificate.checkIssued(ca) && certificate.verify(ca.publicKey);
    if (!ours || !certificate.keyUsage?.includes(clientAuth)) return undefined;
    const names = (certificate.subjectAltName ?? "").split(", ");
    const [only, ...more] = names.map((name) => /^URI:(.*)$/.exec(name)?.[1]);
    const name = only === undefined || more.length > 0 ? undefined : readNodeUri(unquoted(only));
    if (name === undefined) return undefined;
    return {
      ...name,
      keySha256: keyHash(certificate.publicKey.export({ type: "spki", format: "der" })),
      notBeforeMs: certificate.validFromDate.getTime(),
      notAfterMs: certificate.validToDate.getTime(),
    };
  } catch {
    return undefined;
  }
}

/** Node writes a name that holds a quote as a JSON string (CVE-2021-44532). */
function unquoted(uri: string): string {
  return uri.startsWith('"') ? String(JSON.parse(uri)) : uri;
}

/** SHA-256 of a public key's SubjectPublicKeyInfo (DER), in hexadecimal. */
export function keyHash(spki: Uint8Array): string {
  return createHash("sha256").update(spki).digest("hex");
}
