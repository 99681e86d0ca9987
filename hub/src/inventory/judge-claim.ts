import { type ClaimReply, Fault, inventoryServiceAccount, type Result } from "@atalaya/wire";
import type { KubeClusters } from "../enrolment/kube-clusters.ts";
import type { ClusterKeys, PodProof } from "../enrolment/service-account.ts";
import type { HubCore } from "../hub-core.ts";
import type { NodeKey } from "../ledger/node-account.ts";
import { inventoryLimits } from "./limits.ts";

type Asked = {
  core: Pick<HubCore, "inventory" | "mismatched">;
  clusters: Pick<KubeClusters, "verify">;
};

/**
 * Whether a pod's projected token lets its node send the inventory of its cluster: it must be signed by that cluster, be
 * for this hub, name the inventory's service account in the namespace that is registered, and the very node whose
 * publisher brings it; where the cluster can be asked, its pod must still be there. The permission outlives the token by
 * less than a day, and covers what was told within it, however long that waited in the spool while the hub was away.
 */
export async function judgeClaim({ core, clusters }: Asked, of: NodeKey, token: string): Promise<ClaimReply> {
  let proof: Result<PodProof>;
  try {
    proof = await clusters.verify(token, of, (all) => keysFor(of, all));
  } catch (error) {
    // Nobody is suspected of what the cluster could not be asked; the pod claims again.
    if (error instanceof Fault) return { accepted: false, reason: error.message.slice(0, 256) };
    throw error;
  }
  if (!proof.ok) {
    core.mismatched(of, `a claim to send the inventory was refused: ${proof.reason}`, "inventory");
    return { accepted: false, reason: proof.reason.slice(0, 256) };
  }
  await core.inventory.allow(of, proof.value.podUid, Date.now() * 1_000 + inventoryLimits.allowedUs);
  return { accepted: true };
}

/** The keys of the node's own cluster and workspace, for the inventory's account and no other. */
function keysFor({ workspaceId, cluster }: NodeKey, all: readonly ClusterKeys[]): ClusterKeys[] {
  const own = all.filter((keys) => keys.workspaceId === workspaceId && keys.cluster === cluster);
  return own.map((keys) => ({ ...keys, serviceAccount: inventoryServiceAccount, auditServiceAccount: "" }));
}
