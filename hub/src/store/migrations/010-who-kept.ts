import { sql } from "kysely";
import type { Migration } from "../migrations.ts";

// Who did it, kept where it was only in memory, and what an answer must know of what it does not see: how a line came
// into its container, how many lines an alert has beyond those that are kept, how far a node has been heard.

const steps: readonly string[] = [
  "ALTER TABLE alerts ADD COLUMN lines_left_out INTEGER NOT NULL DEFAULT 0",
  // Those that reached the limit of then may have had more lines: nobody counted.
  `UPDATE alerts SET lines_left_out = 1 WHERE done_by IS NOT NULL AND (SELECT count(*) FROM alert_entries
     WHERE alert_entries.workspace_id = alerts.workspace_id AND alert_entries.alert_id = alerts.alert_id) >= 64`,
  "ALTER TABLE alert_entries ADD COLUMN origin TEXT",
  "CREATE INDEX alert_entries_of_line ON alert_entries (workspace_id, boot_no, pid, start_us)",
  "ALTER TABLE boots ADD COLUMN heard_us INTEGER NOT NULL DEFAULT 0",
  "DROP INDEX who_starts_by_age",
  "CREATE INDEX who_starts_entered_by_age ON who_starts (seen_us) WHERE done_by IS NULL AND is_init = 0",
  "CREATE INDEX who_starts_first_by_age ON who_starts (seen_us) WHERE done_by IS NULL AND is_init <> 0",
  `CREATE INDEX who_starts_first ON who_starts (workspace_id, boot_no, container_id) WHERE is_init <> 0`,
  `CREATE TABLE who_waiting (waiting_no INTEGER PRIMARY KEY, workspace_id TEXT NOT NULL, cluster TEXT NOT NULL,
     namespace TEXT NOT NULL, pod TEXT NOT NULL, windows TEXT NOT NULL, UNIQUE (workspace_id, cluster, namespace, pod))`,
];

export const whoKept: Migration = {
  version: 10,
  name: "who did it is kept",
  async up(db) {
    for (const step of steps) await sql.raw(step).execute(db);
  },
};
