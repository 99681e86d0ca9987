import { sql } from "kysely";
import type { Migration } from "../migrations.ts";

// A table's primary key is spelled out, because it starts with workspace_id and the rows are clustered by it
// (WITHOUT ROWID) where they are small.

const tables: readonly string[] = [
  `workspaces (workspace_id TEXT NOT NULL, commit_no INTEGER NOT NULL, events_total INTEGER NOT NULL,
     created_us INTEGER NOT NULL, PRIMARY KEY (workspace_id)) WITHOUT ROWID`,
  `alerts (workspace_id TEXT NOT NULL, alert_id TEXT NOT NULL, fold_key TEXT NOT NULL, rule TEXT NOT NULL,
     source TEXT NOT NULL, status TEXT NOT NULL, severity TEXT NOT NULL, muted INTEGER NOT NULL, assignee TEXT,
     count INTEGER NOT NULL, evidence_count INTEGER NOT NULL, first_seen_us INTEGER NOT NULL,
     last_seen_us INTEGER NOT NULL, committed_us INTEGER NOT NULL, commit_no INTEGER NOT NULL, cluster TEXT,
     namespace TEXT, container_id TEXT, container_name TEXT, node TEXT, techniques TEXT NOT NULL,
     search_text TEXT NOT NULL, summary TEXT NOT NULL, PRIMARY KEY (workspace_id, alert_id))`,
  `alert_documents (workspace_id TEXT NOT NULL, alert_id TEXT NOT NULL, document TEXT NOT NULL,
     PRIMARY KEY (workspace_id, alert_id))`,
  `alert_evidence (workspace_id TEXT NOT NULL, alert_id TEXT NOT NULL, evidence_no INTEGER NOT NULL,
     hash TEXT NOT NULL, evidence TEXT NOT NULL, PRIMARY KEY (workspace_id, alert_id, evidence_no))`,
  `alert_comments (workspace_id TEXT NOT NULL, alert_id TEXT NOT NULL, comment_no INTEGER NOT NULL,
     time_us INTEGER NOT NULL, user TEXT NOT NULL, action TEXT NOT NULL, text TEXT NOT NULL,
     PRIMARY KEY (workspace_id, alert_id, comment_no))`,
  `alert_processes (workspace_id TEXT NOT NULL, boot_no INTEGER NOT NULL, pid INTEGER NOT NULL,
     start_us INTEGER NOT NULL, alert_id TEXT NOT NULL,
     PRIMARY KEY (workspace_id, boot_no, pid, start_us, alert_id)) WITHOUT ROWID`,
  `alert_counts (workspace_id TEXT NOT NULL, status TEXT NOT NULL, severity TEXT NOT NULL, n INTEGER NOT NULL,
     PRIMARY KEY (workspace_id, status, severity)) WITHOUT ROWID`,
  `alert_minutes (workspace_id TEXT NOT NULL, minute_us INTEGER NOT NULL, severity TEXT NOT NULL, n INTEGER NOT NULL,
     PRIMARY KEY (workspace_id, minute_us, severity)) WITHOUT ROWID`,
  `boots (workspace_id TEXT NOT NULL, boot_no INTEGER NOT NULL, cluster TEXT NOT NULL, node TEXT NOT NULL,
     boot_id TEXT NOT NULL, PRIMARY KEY (workspace_id, boot_no)) WITHOUT ROWID`,
  `streams (workspace_id TEXT NOT NULL, stream TEXT NOT NULL, positions TEXT NOT NULL, updated_us INTEGER NOT NULL,
     PRIMARY KEY (workspace_id, stream)) WITHOUT ROWID`,
  `ledger (workspace_id TEXT NOT NULL, cluster TEXT NOT NULL, node TEXT NOT NULL, class TEXT NOT NULL,
     reason TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (workspace_id, cluster, node, class, reason)) WITHOUT ROWID`,
  `audit_windows (workspace_id TEXT NOT NULL, cluster TEXT NOT NULL, batch_no INTEGER NOT NULL, hashes BLOB NOT NULL,
     seen_us INTEGER NOT NULL, PRIMARY KEY (workspace_id, cluster, batch_no))`,
  `rule_states (workspace_id TEXT NOT NULL, rule TEXT NOT NULL, enabled INTEGER NOT NULL, user TEXT NOT NULL,
     changed_us INTEGER NOT NULL, PRIMARY KEY (workspace_id, rule)) WITHOUT ROWID`,
  `settings (workspace_id TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
     PRIMARY KEY (workspace_id, name)) WITHOUT ROWID`,
  `sensors (workspace_id TEXT NOT NULL, sensor_id TEXT NOT NULL, cluster TEXT NOT NULL, node TEXT NOT NULL,
     last_seen_us INTEGER NOT NULL, report TEXT NOT NULL, PRIMARY KEY (workspace_id, sensor_id))`,
  `accounts (workspace_id TEXT NOT NULL, user TEXT NOT NULL, password_hash TEXT NOT NULL, role TEXT NOT NULL,
     PRIMARY KEY (workspace_id, user)) WITHOUT ROWID`,
  `sessions (workspace_id TEXT NOT NULL, secret_hash TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
     user TEXT NOT NULL, role TEXT NOT NULL, csrf TEXT NOT NULL, expires_us INTEGER NOT NULL,
     created_us INTEGER NOT NULL, PRIMARY KEY (workspace_id, secret_hash)) WITHOUT ROWID`,
  `credentials (workspace_id TEXT NOT NULL, credential_id TEXT NOT NULL, secret_hash TEXT NOT NULL, use TEXT NOT NULL,
     cluster TEXT NOT NULL, created_us INTEGER NOT NULL, revoked_us INTEGER, last_used_us INTEGER,
     PRIMARY KEY (workspace_id, credential_id)) WITHOUT ROWID`,
];

const indexes: readonly string[] = [
  "INDEX alerts_newest ON alerts (workspace_id, last_seen_us, alert_id)",
  "INDEX alerts_changed ON alerts (workspace_id, commit_no)",
  "INDEX alerts_folded ON alerts (workspace_id, fold_key, last_seen_us)",
  "INDEX alerts_of_rule ON alerts (workspace_id, rule, last_seen_us)",
  "UNIQUE INDEX boots_named ON boots (workspace_id, cluster, node, boot_id)",
  "UNIQUE INDEX sessions_by_secret ON sessions (secret_hash)",
  "UNIQUE INDEX credentials_by_secret ON credentials (secret_hash)",
];

export const firstTables: Migration = {
  version: 1,
  name: "first tables",
  async up(db) {
    for (const table of tables) await sql.raw(`CREATE TABLE ${table}`).execute(db);
    for (const index of indexes) await sql.raw(`CREATE ${index}`).execute(db);
  },
};
