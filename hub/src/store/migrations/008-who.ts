import { sql } from "kysely";
import type { Migration } from "../migrations.ts";

// Who did it: what was seen of sessions into pods and of the processes that came into them, until they are joined, and
// what was found, for as long as its alerts and its processes are told of.

const steps: readonly string[] = [
  `CREATE TABLE who_sessions (workspace_id TEXT NOT NULL, cluster TEXT NOT NULL, namespace TEXT NOT NULL,
     pod TEXT NOT NULL, session_id TEXT NOT NULL, kind TEXT NOT NULL, container TEXT, received_us INTEGER NOT NULL,
     started_us INTEGER, ended_us INTEGER, command TEXT, told TEXT NOT NULL, seen_us INTEGER NOT NULL,
     PRIMARY KEY (workspace_id, cluster, namespace, pod, session_id)) WITHOUT ROWID`,
  "CREATE INDEX who_sessions_by_age ON who_sessions (seen_us)",
  `CREATE TABLE who_starts (workspace_id TEXT NOT NULL, boot_no INTEGER NOT NULL, pid INTEGER NOT NULL,
     start_us INTEGER NOT NULL, cluster TEXT NOT NULL, namespace TEXT NOT NULL, pod TEXT NOT NULL, container TEXT,
     container_id TEXT NOT NULL, is_init INTEGER NOT NULL, time_us INTEGER NOT NULL, argv TEXT NOT NULL, script TEXT,
     is_cut INTEGER NOT NULL, seen_us INTEGER NOT NULL, settles_us INTEGER, done_by TEXT, PRIMARY KEY (workspace_id, boot_no, pid, start_us))
     WITHOUT ROWID`,
  "CREATE INDEX who_starts_of_pod ON who_starts (workspace_id, cluster, namespace, pod, time_us)",
  "CREATE INDEX who_starts_found ON who_starts (workspace_id, cluster, namespace, pod) WHERE done_by IS NOT NULL",
  "CREATE INDEX who_starts_by_age ON who_starts (seen_us) WHERE done_by IS NULL",
  "CREATE INDEX who_starts_found_by_age ON who_starts (seen_us) WHERE done_by IS NOT NULL",
  "CREATE INDEX who_starts_to_settle ON who_starts (workspace_id, boot_no, settles_us) WHERE settles_us IS NOT NULL",
  `CREATE TABLE alert_entries (workspace_id TEXT NOT NULL, alert_id TEXT NOT NULL, boot_no INTEGER NOT NULL,
     pid INTEGER NOT NULL, start_us INTEGER NOT NULL, cluster TEXT NOT NULL, namespace TEXT NOT NULL, pod TEXT NOT NULL,
     container TEXT, first_us INTEGER NOT NULL, last_us INTEGER NOT NULL, done_by TEXT,
     PRIMARY KEY (workspace_id, alert_id, boot_no, pid, start_us)) WITHOUT ROWID`,
  "CREATE INDEX alert_entries_of_pod ON alert_entries (workspace_id, cluster, namespace, pod, last_us)",
  "ALTER TABLE alerts ADD COLUMN done_by TEXT",
];

export const who: Migration = {
  version: 8,
  name: "who did it",
  async up(db) {
    for (const step of steps) await sql.raw(step).execute(db);
  },
};
