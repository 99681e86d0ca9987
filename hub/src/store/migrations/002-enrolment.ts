import { sql } from "kysely";
import type { Migration } from "../migrations.ts";

const tables: readonly string[] = [
  `enrolment_tokens (workspace_id TEXT NOT NULL, token_id TEXT NOT NULL, secret_hash TEXT NOT NULL,
     cluster TEXT NOT NULL, node TEXT, proof TEXT NOT NULL, created_us INTEGER NOT NULL, created_by TEXT NOT NULL,
     expires_us INTEGER NOT NULL, used_us INTEGER, used_by_node TEXT, used_by_key TEXT, revoked_us INTEGER,
     PRIMARY KEY (workspace_id, token_id)) WITHOUT ROWID`,
  `nodes (workspace_id TEXT NOT NULL, node_id TEXT NOT NULL, cluster TEXT NOT NULL, node TEXT NOT NULL,
     proof TEXT NOT NULL, key_sha256 TEXT NOT NULL, previous_key_sha256 TEXT, enrolled_us INTEGER NOT NULL,
     renewed_us INTEGER NOT NULL, expires_us INTEGER NOT NULL, revoked_us INTEGER, revoked_by TEXT,
     PRIMARY KEY (workspace_id, node_id)) WITHOUT ROWID`,
  `cluster_keys (workspace_id TEXT NOT NULL, cluster TEXT NOT NULL, issuer TEXT NOT NULL, jwks TEXT NOT NULL,
     namespace TEXT NOT NULL, service_account TEXT NOT NULL, created_us INTEGER NOT NULL, created_by TEXT NOT NULL,
     PRIMARY KEY (workspace_id, cluster)) WITHOUT ROWID`,
  `enrolled_pods (workspace_id TEXT NOT NULL, cluster TEXT NOT NULL, pod_uid TEXT NOT NULL, key_sha256 TEXT NOT NULL,
     first_us INTEGER NOT NULL, PRIMARY KEY (workspace_id, cluster, pod_uid)) WITHOUT ROWID`,
  `api_changes (workspace_id TEXT NOT NULL, change_no INTEGER NOT NULL, time_us INTEGER NOT NULL, user TEXT NOT NULL,
     by TEXT NOT NULL, address TEXT NOT NULL, method TEXT NOT NULL, route TEXT NOT NULL, object TEXT NOT NULL,
     status INTEGER NOT NULL, PRIMARY KEY (workspace_id, change_no)) WITHOUT ROWID`,
];

const indexes: readonly string[] = [
  "UNIQUE INDEX enrolment_tokens_by_secret ON enrolment_tokens (secret_hash)",
  "UNIQUE INDEX nodes_named ON nodes (workspace_id, cluster, node)",
  "INDEX enrolled_pods_by_time ON enrolled_pods (first_us)",
];

export const enrolment: Migration = {
  version: 2,
  name: "enrolment",
  async up(db) {
    for (const table of tables) await sql.raw(`CREATE TABLE ${table}`).execute(db);
    for (const index of indexes) await sql.raw(`CREATE ${index}`).execute(db);
  },
};
