import { sql } from "kysely";
import type { OpenDatabase } from "./node-sqlite.ts";
import type { HubTables, NodeAccountTable, NodeSyncTable } from "./schema.ts";
import type { WorkspaceState } from "./workspace-state.ts";

type Db = OpenDatabase<HubTables>;
const key = ["workspace_id", "cluster", "node"] as const;

export function saveNodeAccounts(db: Db, _: WorkspaceState, rows: NodeAccountTable[]): void {
  for (const row of rows) {
    const insert = db.query.insertInto("node_accounts").values(row);
    db.run(insert.onConflict((on) => on.columns(key).doUpdateSet({ account: row.account })));
  }
}

export function saveNodeSyncs(db: Db, _: WorkspaceState, rows: NodeSyncTable[]): void {
  for (const row of rows) {
    const { synced_us, sync } = row;
    const insert = db.query.insertInto("node_syncs").values(row);
    db.run(insert.onConflict((on) => on.columns(key).doUpdateSet({ synced_us, sync })));
  }
}

/** Adds a stream's counts to those of no stream. */
export function foldStreams(
  db: Db,
  _: WorkspaceState,
  of: { workspaceId: string; cluster: string; node: string; streams: string[] },
): void {
  for (const stream of of.streams) {
    const rows = db.query.selectFrom("ledger").selectAll().where("workspace_id", "=", of.workspaceId);
    const own = rows.where("cluster", "=", of.cluster).where("node", "=", of.node).where("stream", "=", stream);
    for (const row of db.rows(own)) {
      const insert = db.query.insertInto("ledger").values({ ...row, stream: "" });
      db.run(
        insert.onConflict((on) =>
          on.columns([...key, "stream", "class", "reason"]).doUpdateSet({ n: sql<number>`ledger.n + ${row.n}` }),
        ),
      );
    }
    const gone = db.query.deleteFrom("ledger").where("workspace_id", "=", of.workspaceId);
    db.run(gone.where("cluster", "=", of.cluster).where("node", "=", of.node).where("stream", "=", stream));
  }
}
