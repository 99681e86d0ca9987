import type {
  InventoryCluster,
  InventoryNamespacePage,
  InventoryObject,
  InventoryObjectPage,
  InventoryPodPage,
  InventoryQuery,
  InventoryWorkloadPage,
} from "@atalaya/wire";
import type { NodeKey } from "../ledger/node-account.ts";

/** What clusters are made of, and which nodes may say so. */
export type InventoryStore = {
  /** A pod of this node proved that it is the cluster's inventory. */
  allow(of: NodeKey, podUid: string, untilUs: number): Promise<void>;
  /** Whether the node may send its cluster's inventory as it was at that time: while it may, and after that what it told before. */
  mayBeSentBy(of: NodeKey, toldUs: number): Promise<boolean>;
  clusters(workspaceId: string): Promise<InventoryCluster[]>;
  namespaces(workspaceId: string, query: InventoryQuery): Promise<InventoryNamespacePage>;
  workloads(workspaceId: string, query: InventoryQuery): Promise<InventoryWorkloadPage>;
  pods(workspaceId: string, query: InventoryQuery): Promise<InventoryPodPage>;
  objects(workspaceId: string, query: InventoryQuery): Promise<InventoryObjectPage>;
  object(workspaceId: string, of: { cluster: string; uid: string }): Promise<InventoryObject | undefined>;
};
