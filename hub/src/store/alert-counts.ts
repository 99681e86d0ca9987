import { sql } from "kysely";
import { minuteOf } from "./alert-rows.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import type { HubTables } from "./schema.ts";

type Counted = { workspace_id: string; status: string; severity: string; muted: number };

/** Moves an alert between the figures of the chips; muted alerts are in none of them. */
export function recount(db: OpenDatabase<HubTables>, before: Counted | undefined, after: Counted | undefined): void {
  if (before !== undefined && before.muted === 0) addCount(db, before, -1);
  if (after?.muted === 0) addCount(db, after, 1);
}

function addCount(db: OpenDatabase<HubTables>, of: Counted, n: number): void {
  const { workspace_id, status, severity } = of;
  const insert = db.query
    .insertInto("alert_counts")
    .values({ workspace_id, status, severity, n })
    .onConflict((on) =>
      on.columns(["workspace_id", "status", "severity"]).doUpdateSet({ n: sql<number>`alert_counts.n + ${n}` }),
    );
  db.run(insert);
}

/** Counts an alert in the minute of its last match; once a minute, however often it matched. */
export function countMinute(db: OpenDatabase<HubTables>, workspace_id: string, severity: string, timeUs: number): void {
  const minute_us = minuteOf(timeUs);
  const insert = db.query
    .insertInto("alert_minutes")
    .values({ workspace_id, minute_us, severity, n: 1 })
    .onConflict((on) =>
      on.columns(["workspace_id", "minute_us", "severity"]).doUpdateSet({ n: sql<number>`alert_minutes.n + 1` }),
    );
  db.run(insert);
}
