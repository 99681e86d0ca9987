import { sql } from "kysely";
import type { Migration } from "../migrations.ts";

// What the flight recorder of an alert's node had of its container: asked for with the alert, kept as it came.

const steps: readonly string[] = [
  `CREATE TABLE alert_recordings (workspace_id TEXT NOT NULL, alert_id TEXT NOT NULL, cluster TEXT NOT NULL,
     node TEXT NOT NULL, container_id TEXT NOT NULL, state TEXT NOT NULL, from_us INTEGER NOT NULL,
     asked_us INTEGER NOT NULL, answered_us INTEGER, kept_from_us INTEGER, is_cut INTEGER NOT NULL DEFAULT 0,
     damaged INTEGER NOT NULL DEFAULT 0, frames BLOB, PRIMARY KEY (workspace_id, alert_id))`,
  `CREATE INDEX alert_recordings_asked ON alert_recordings (workspace_id, cluster, node, asked_us)
     WHERE state = 'asked'`,
];

export const recordings: Migration = {
  version: 12,
  name: "what the flight recorder had",
  async up(db) {
    for (const step of steps) await sql.raw(step).execute(db);
  },
};
