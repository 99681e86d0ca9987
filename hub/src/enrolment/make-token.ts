import { createHash, randomBytes, X509Certificate } from "node:crypto";
import type { EnrolmentToken } from "@atalaya/wire";

/** A new token of 256 bits that names the hub by the SHA-256 of its CA. */
export function makeToken(caPem: string): EnrolmentToken {
  return {
    id: randomBytes(9).toString("base64url"),
    secret: randomBytes(32).toString("base64url"),
    caSha256: createHash("sha256").update(new X509Certificate(caPem).raw).digest("hex"),
  };
}
