import { sql } from "kysely";
import type { Migration } from "../migrations.ts";

/** What rules that count had counted: a scan seen half before a restart is found after it. */
export const windowLog: Migration = {
  version: 4,
  name: "the log of windows",
  async up(db) {
    await sql
      .raw(
        `CREATE TABLE window_log (workspace_id TEXT NOT NULL, evaluator INTEGER NOT NULL, row INTEGER NOT NULL,
           entries TEXT NOT NULL, updated_us INTEGER NOT NULL, PRIMARY KEY (workspace_id, evaluator, row))`,
      )
      .execute(db);
  },
};
