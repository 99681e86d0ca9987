import type { NodeKey } from "../ledger/node-account.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import type { HubTables } from "./schema.ts";
import type { WorkspaceState } from "./workspace-state.ts";

type Db = OpenDatabase<HubTables>;
export type AllowInventory = { of: NodeKey; podUid: string; untilUs: number };

export function allowInventory(db: Db, _: WorkspaceState, { of, podUid: pod_uid, untilUs: until_us }: AllowInventory) {
  const { workspaceId: workspace_id, cluster, node } = of;
  const value = { pod_uid, granted_us: Date.now() * 1_000, until_us };
  const insert = db.query.insertInto("inventory_senders").values({ workspace_id, cluster, node, ...value });
  db.run(insert.onConflict((on) => on.columns(["workspace_id", "cluster", "node"]).doUpdateSet(value)));
}

/** Until when the node may send its cluster's inventory; undefined where no pod ever proved it. */
export function readInventorySender(db: Db, { workspaceId, cluster, node }: NodeKey): { untilUs: number } | undefined {
  const senders = db.query.selectFrom("inventory_senders").select("until_us").where("workspace_id", "=", workspaceId);
  const row = db.row(senders.where("cluster", "=", cluster).where("node", "=", node));
  return row === undefined ? undefined : { untilUs: row.until_us };
}
