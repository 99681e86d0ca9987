import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Fault, type NodeName } from "@atalaya/wire";
import type { RequestedKey } from "./issue-node.ts";

/** The hub's authority as routes use it: reads requests, signs nodes. The key stays in its file and in this object. */
export type HubAuthority = {
  readonly caPem: string;
  /** PEM of the CA's private key, for what else is signed by it (desired states). */
  readonly keyPem: string;
  /** Verifies a PKCS #10 request's own signature; gives its key. Throws Fault BODY_MALFORMED. */
  readRequest(csrPem: string): Promise<RequestedKey>;
  /** A client certificate for a node, PEM. */
  issueNode(key: RequestedKey, name: NodeName, expiresUs: number): Promise<string>;
};

/** Reads the authority from the hub's folder, where `hubCertificate` made it. */
export function openAuthority(folder: string): HubAuthority {
  const caPem = readFileSync(join(folder, "ca.pem"), "utf8");
  const keyPem = readFileSync(join(folder, "ca.key"), "utf8");
  return {
    caPem,
    keyPem,
    async readRequest(csrPem) {
      const { readRequest } = await import("./issue-node.ts");
      const key = await readRequest(csrPem);
      if (key !== undefined) return key;
      throw new Fault("BODY_MALFORMED", "The certificate request is not PKCS #10 with a P-256 key that signed it");
    },
    async issueNode(key, name, expiresUs) {
      const { issueNode } = await import("./issue-node.ts");
      return issueNode({ certificate: caPem, key: keyPem }, key, name, expiresUs);
    },
  };
}
