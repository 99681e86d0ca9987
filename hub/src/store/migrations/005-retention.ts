import { sql } from "kysely";
import type { Migration } from "../migrations.ts";

/** What is to be forgotten is found without a look at what stays: by age among the resolved, and by alert. */
export const retention: Migration = {
  version: 5,
  name: "indexes for retention",
  async up(db) {
    await sql`CREATE INDEX alerts_resolved ON alerts (last_seen_us) WHERE status = 'resolved'`.execute(db);
    await sql`CREATE INDEX alert_processes_of_alert ON alert_processes (workspace_id, alert_id)`.execute(db);
  },
};
