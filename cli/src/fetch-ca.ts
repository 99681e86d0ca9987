import { createHash, X509Certificate } from "node:crypto";
import { Fault } from "@atalaya/wire";
import { fetchCa } from "@atalaya/wire/client";

/** The CA of the hub at `url`, if its SHA-256 is the one that was told on another way. Throws Fault USAGE, HUB_UNREACHABLE. */
export async function caByHash(url: string, sha256: string): Promise<string> {
  const wanted = sha256.replaceAll(":", "").toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(wanted)) throw new Fault("USAGE", "--ca-sha256 takes 64 hexadecimal digits");
  const pem = await fetchCa(url);
  if (hashOf(pem) === wanted) return pem;
  throw new Fault(
    "HUB_UNREACHABLE",
    `${url} shows another CA than --ca-sha256 names: it is not your hub, or the hash is old`,
  );
}

function hashOf(pem: string): string | undefined {
  try {
    return createHash("sha256").update(new X509Certificate(pem).raw).digest("hex");
  } catch {
    return undefined;
  }
}
