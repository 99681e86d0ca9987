import { sql } from "kysely";
import type { Migration } from "../migrations.ts";

// A pod's sessions are read by their time: one that is entered all day has thousands.

export const whoByTime: Migration = {
  version: 9,
  name: "sessions into a pod by time",
  async up(db) {
    await sql
      .raw(
        "CREATE INDEX who_sessions_by_time ON who_sessions (workspace_id, cluster, namespace, pod, kind, received_us)",
      )
      .execute(db);
  },
};
