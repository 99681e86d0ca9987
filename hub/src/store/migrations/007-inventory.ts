import { sql } from "kysely";
import type { Migration } from "../migrations.ts";

// What each cluster is made of, which nodes may say so, and where alerts belong in it.

const steps: readonly string[] = [
  `CREATE TABLE inventory_objects (workspace_id TEXT NOT NULL, cluster TEXT NOT NULL, uid TEXT NOT NULL,
     kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, resource_version TEXT NOT NULL,
     seen INTEGER NOT NULL, owner_kind TEXT, owner_name TEXT, owner_uid TEXT, workload_kind TEXT, workload_name TEXT,
     is_workload INTEGER NOT NULL, node TEXT, service_account TEXT, images TEXT NOT NULL, labels TEXT NOT NULL,
     facts TEXT NOT NULL, created_us INTEGER NOT NULL, changed_us INTEGER NOT NULL, gone_us INTEGER,
     PRIMARY KEY (workspace_id, cluster, uid))`,
  `CREATE INDEX inventory_listed ON inventory_objects (workspace_id, kind, cluster, namespace, name, uid)`,
  `CREATE INDEX inventory_workloads ON inventory_objects (workspace_id, cluster, namespace, name, uid)
     WHERE is_workload = 1`,
  `CREATE INDEX inventory_owned ON inventory_objects (workspace_id, cluster, owner_uid) WHERE owner_uid IS NOT NULL`,
  `CREATE INDEX inventory_of_workload ON inventory_objects (workspace_id, cluster, namespace, workload_kind,
     workload_name) WHERE kind = 'Pod'`,
  `CREATE INDEX inventory_gone ON inventory_objects (gone_us) WHERE gone_us IS NOT NULL`,
  `CREATE TABLE inventory_sources (workspace_id TEXT NOT NULL, cluster TEXT NOT NULL, node TEXT NOT NULL,
     epoch_us INTEGER NOT NULL, serial INTEGER NOT NULL, seen_us INTEGER NOT NULL, complete TEXT NOT NULL,
     status TEXT, objects INTEGER NOT NULL, superseded INTEGER NOT NULL, over_limit INTEGER NOT NULL, malformed INTEGER NOT NULL,
     PRIMARY KEY (workspace_id, cluster)) WITHOUT ROWID`,
  `CREATE TABLE inventory_senders (workspace_id TEXT NOT NULL, cluster TEXT NOT NULL, node TEXT NOT NULL,
     pod_uid TEXT NOT NULL, granted_us INTEGER NOT NULL, until_us INTEGER NOT NULL,
     PRIMARY KEY (workspace_id, cluster, node)) WITHOUT ROWID`,
  "ALTER TABLE alerts ADD COLUMN pod_uid TEXT",
  "ALTER TABLE alerts ADD COLUMN pod_known INTEGER NOT NULL DEFAULT 0",
  // `Deployment/shop`
  "ALTER TABLE alerts ADD COLUMN workload TEXT",
  "UPDATE alerts SET pod_uid = json_extract(summary, '$.where.pod_uid')",
  "CREATE INDEX alerts_of_pod ON alerts (workspace_id, pod_uid) WHERE pod_uid IS NOT NULL",
  `CREATE INDEX alerts_open_by_place ON alerts (workspace_id, cluster, namespace, workload)
     WHERE status <> 'resolved' AND muted = 0`,
];

export const inventory: Migration = {
  version: 7,
  name: "inventory of clusters",
  async up(db) {
    for (const step of steps) await sql.raw(step).execute(db);
  },
};
