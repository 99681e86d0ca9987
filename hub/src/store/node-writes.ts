import { sql } from "kysely";
import type { OpenDatabase } from "./node-sqlite.ts";
import type { HubTables, NodeAccountTable, NodeSyncTable } from "./schema.ts";
import type { WorkspaceState } from "./workspace-state.ts";

type Db = OpenDatabase<HubTables>;
const key = ["workspace_id", "cluster", "node"] as const;

/** An account, and the streams whose counts it no longer keeps apart: written together, because one relies on the other. */
export type NodeAccountSave = NodeAccountTable & { folded: string[] };

export function saveNodeAccounts(db: Db, _: WorkspaceState, saves: NodeAccountSave[]): void {
  for (const { folded, ...row } of saves) {
    const insert = db.query.insertInto("node_accounts").values(row);
    db.run(insert.onConflict((on) => on.columns(key).doUpdateSet({ account: row.account })));
    for (const stream of folded) foldStream(db, row, stream);
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
function foldStream(db: Db, of: NodeAccountTable, stream: string): void {
  const rows = db.query.selectFrom("ledger").selectAll().where("workspace_id", "=", of.workspace_id);
  const own = rows.where("cluster", "=", of.cluster).where("node", "=", of.node).where("stream", "=", stream);
  for (const row of db.rows(own)) {
    const insert = db.query.insertInto("ledger").values({ ...row, stream: "" });
    db.run(
      insert.onConflict((on) =>
        on.columns([...key, "stream", "class", "reason"]).doUpdateSet({ n: sql<number>`ledger.n + ${row.n}` }),
      ),
    );
  }
  const gone = db.query.deleteFrom("ledger").where("workspace_id", "=", of.workspace_id);
  db.run(gone.where("cluster", "=", of.cluster).where("node", "=", of.node).where("stream", "=", stream));
}
