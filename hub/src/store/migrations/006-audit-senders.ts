import { sql } from "kysely";
import type { Migration } from "../migrations.ts";

/** Who may send a cluster's audit log beside its own events: a control plane's nodes, and the hub's own machine. */
export const auditSenders: Migration = {
  version: 6,
  name: "nodes that may send the audit log",
  async up(db) {
    for (const table of ["enrolment_tokens", "nodes"]) {
      const of = sql.table(table);
      await sql`ALTER TABLE ${of} ADD COLUMN may_audit INTEGER NOT NULL DEFAULT 0`.execute(db);
      await sql`UPDATE ${of} SET may_audit = 1 WHERE proof = 'local'`.execute(db);
    }
    await sql`ALTER TABLE cluster_keys ADD COLUMN audit_service_account TEXT NOT NULL
      DEFAULT 'atalaya-publisher-control-plane'`.execute(db);
  },
};
