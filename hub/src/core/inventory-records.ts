import type { InventoryStore } from "../inventory/inventory-store.ts";
import { inventoryLimits } from "../inventory/limits.ts";
import type { NodeKey } from "../ledger/node-account.ts";
import type { ReaderPool } from "../store/reader-pool.ts";
import type { WriterClient } from "../store/writer-client.ts";
import { Remembered } from "./remembered.ts";

/** The inventory over the store's threads. Who may send is asked with every request that brings some, and remembered. */
export function inventoryRecords(readers: ReaderPool, writer: WriterClient): InventoryStore {
  const senders = new Remembered<{ untilUs: number }>();
  const keyOf = ({ workspaceId, cluster, node }: NodeKey) => `${workspaceId}\n${cluster}\n${node}`;
  return {
    async allow(of, podUid, untilUs) {
      senders.forget((_, key) => key === keyOf(of));
      await writer.write("allowInventory", { of, podUid, untilUs });
      senders.forget((_, key) => key === keyOf(of));
    },
    async mayBeSentBy(of, toldUs) {
      const allowed = await senders.get(keyOf(of), () => readers.ask("inventorySender", of));
      if (allowed === undefined) return false;
      // When it was told is the sender's own word: believed as long as a spool keeps a frame, and no longer.
      const nowUs = Date.now() * 1_000;
      return allowed.untilUs > Math.max(Math.min(toldUs, nowUs), nowUs - inventoryLimits.spooledUs);
    },
    clusters: (workspaceId) => readers.ask("inventoryClusters", { workspaceId }),
    namespaces: (workspaceId, query) => readers.ask("inventoryNamespaces", { workspaceId, query }),
    workloads: (workspaceId, query) => readers.ask("inventoryWorkloads", { workspaceId, query }),
    pods: (workspaceId, query) => readers.ask("inventoryPods", { workspaceId, query }),
    objects: (workspaceId, query) => readers.ask("inventoryObjects", { workspaceId, query }),
    object: (workspaceId, of) => readers.ask("inventoryObject", { workspaceId, ...of }),
  };
}
