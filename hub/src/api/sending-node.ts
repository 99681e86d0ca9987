import { hostname } from "node:os";
import type { SenderIdentity } from "../hub-core.ts";
import type { NodeKey } from "../ledger/node-account.ts";

/** The node that a request is for: the certificate's; the bearer credential of a first start is this machine's. */
export function nodeOf(sender: SenderIdentity): NodeKey {
  const { workspaceId, cluster, node } = sender;
  return { workspaceId, cluster, node: node ?? hostname() };
}
