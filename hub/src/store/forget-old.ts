import { sql } from "kysely";
import { storeLimits } from "../core/limits.ts";
import { recount } from "./alert-counts.ts";
import { forgetGoneObjects } from "./inventory-writes.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import type { HubTables } from "./schema.ts";
import { forgetWho } from "./who-rows.ts";

type Db = OpenDatabase<HubTables>;
/** How many rows of each kind went. */
export type Forgotten = Record<ForgottenKind, number>;
export const forgottenKinds = ["alerts", "audit_windows", "sessions", "streams", "minutes", "objects", "who"] as const;
export type ForgottenKind = (typeof forgottenKinds)[number];
export type ForgetOld = { kind: ForgottenKind; beforeUs: number };

/** Deletes some of what is older, the oldest first: so little that nobody waits for it. Gives how many. */
export function forgetOld(db: Db, { kind, beforeUs }: ForgetOld): number {
  if (kind === "alerts") return forgetAlerts(db, beforeUs);
  if (kind === "objects") return forgetGoneObjects(db, beforeUs);
  if (kind === "who") return forgetWho(db, Date.now() * 1_000, beforeUs);
  const max = storeLimits.forgottenAtOnce;
  switch (kind) {
    case "audit_windows":
      return deleted(
        db,
        sql`DELETE FROM audit_windows WHERE (workspace_id, cluster, batch_no) IN
          (SELECT workspace_id, cluster, batch_no FROM audit_windows WHERE seen_us < ${beforeUs} LIMIT ${max})`,
      );
    case "sessions":
      return deleted(
        db,
        sql`DELETE FROM sessions WHERE (workspace_id, secret_hash) IN
          (SELECT workspace_id, secret_hash FROM sessions WHERE expires_us < ${Date.now() * 1_000} LIMIT ${max})`,
      );
    case "streams":
      return deleted(
        db,
        sql`DELETE FROM streams WHERE (workspace_id, stream) IN
          (SELECT workspace_id, stream FROM streams WHERE updated_us < ${beforeUs} LIMIT ${max})`,
      );
    case "minutes":
      return deleted(
        db,
        sql`DELETE FROM alert_minutes WHERE (workspace_id, minute_us, severity) IN
          (SELECT workspace_id, minute_us, severity FROM alert_minutes WHERE minute_us < ${beforeUs} LIMIT ${max})`,
      );
  }
}

function deleted(db: Db, query: ReturnType<typeof sql>): number {
  return db.run({ compile: () => query.compile(db.query) });
}

type Old = { workspace_id: string; alert_id: string; status: string; severity: string; muted: number };

const ofAlerts = [
  ...(["alert_evidence", "alert_comments", "alert_processes", "alert_entries"] as const),
  "alert_recordings" as const,
  ...(["alert_documents", "alerts"] as const),
];

/** An alert that nobody has resolved stays, however old: somebody is still to look at it. */
function forgetAlerts(db: Db, beforeUs: number): number {
  const query = sql<Old>`SELECT workspace_id, alert_id, status, severity, muted FROM alerts
    WHERE status = 'resolved' AND last_seen_us < ${beforeUs} ORDER BY last_seen_us
    LIMIT ${storeLimits.alertsForgottenAtOnce}`;
  const old = db.rows<Old>({ compile: () => query.compile(db.query) });
  for (const alert of old) {
    recount(db, alert, undefined);
    for (const table of ofAlerts) {
      const rows = db.query.deleteFrom(table).where("workspace_id", "=", alert.workspace_id);
      db.run(rows.where("alert_id", "=", alert.alert_id));
    }
  }
  return old.length;
}
