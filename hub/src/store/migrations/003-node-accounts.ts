import { sql } from "kysely";
import type { Migration } from "../migrations.ts";

// The hub's counts know the stream (a pair of kernel rings) that events came from: an epoch that ended without a last
// report is set apart by it. What was counted before is of no stream.

const steps: readonly string[] = [
  `CREATE TABLE ledger_3 (workspace_id TEXT NOT NULL, cluster TEXT NOT NULL, node TEXT NOT NULL, stream TEXT NOT NULL,
     class TEXT NOT NULL, reason TEXT NOT NULL, n INTEGER NOT NULL,
     PRIMARY KEY (workspace_id, cluster, node, stream, class, reason)) WITHOUT ROWID`,
  `INSERT INTO ledger_3 SELECT workspace_id, cluster, node, '', class, reason, n FROM ledger`,
  // What arrived was not counted by itself: it is what became of it.
  `INSERT INTO ledger_3 SELECT workspace_id, cluster, node, '', class, 'received', sum(n) FROM ledger
     WHERE reason IN ('committed', 'duplicate') GROUP BY workspace_id, cluster, node, class`,
  "DROP TABLE ledger",
  "ALTER TABLE ledger_3 RENAME TO ledger",
  `CREATE TABLE node_accounts (workspace_id TEXT NOT NULL, cluster TEXT NOT NULL, node TEXT NOT NULL,
     account TEXT NOT NULL, PRIMARY KEY (workspace_id, cluster, node))`,
  // What a node's publisher said last, and how it stands with its desired state.
  `CREATE TABLE node_syncs (workspace_id TEXT NOT NULL, cluster TEXT NOT NULL, node TEXT NOT NULL,
     synced_us INTEGER NOT NULL, sync TEXT NOT NULL, PRIMARY KEY (workspace_id, cluster, node))`,
];

export const nodeAccounts: Migration = {
  version: 3,
  name: "node accounts",
  async up(db) {
    for (const step of steps) await sql.raw(step).execute(db);
  },
};
