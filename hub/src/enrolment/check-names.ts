import { Fault, type FrameHeader } from "@atalaya/wire";
import type { SenderIdentity } from "../hub-core.ts";

/**
 * Refuses frames that name another node, cluster or workspace than the certificate that brought them, audit records from
 * a node that is none of the control plane (it would put words into an API server's mouth), and an inventory from a node
 * none of whose pods has proved to be it. Throws Fault IDENTITY_MISMATCH; then none of the request's frames counts.
 */
export function checkNames(
  headers: readonly Pick<FrameHeader, "node" | "cluster" | "workspace" | "class">[],
  sender: SenderIdentity & { mayInventory: boolean },
): void {
  for (const { node, cluster, workspace, class: name } of headers) {
    const wrong =
      node !== sender.node
        ? "node"
        : cluster !== sender.cluster
          ? "cluster"
          : workspace !== "" && workspace !== sender.workspaceId
            ? "workspace"
            : name === "api" && !sender.mayAudit
              ? "class"
              : name === "inventory" && !sender.mayInventory
                ? "inventory"
                : undefined;
    if (wrong === undefined) continue;
    throw new Fault("IDENTITY_MISMATCH", sentences[wrong], { names_another: wrong, node: sender.node ?? "" });
  }
}

const sentences = {
  node: "A frame names another node than the certificate that brought it",
  cluster: "A frame names another cluster than the certificate that brought it",
  workspace: "A frame names another workspace than the certificate that brought it",
  class: "A node that is none of the control plane sent audit records (see docs/audit-log.md)",
  inventory: "A node whose inventory pod has not proved itself sent a cluster's inventory (see docs/inventory.md)",
} as const;
