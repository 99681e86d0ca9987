import type { AlertSummary, DoneByShort, Severity } from "@atalaya/wire";
import type { Selectable } from "kysely";
import type { FixedSummary } from "../pipeline/alert-document.ts";
import type { AlertTable } from "./schema.ts";

export type AlertRow = Selectable<AlertTable>;

/** What a list shows of a row. */
export function summaryOfRow(row: AlertRow): AlertSummary {
  const fixed = JSON.parse(row.summary) as FixedSummary;
  return {
    alert_id: row.alert_id,
    rule: row.rule,
    ...fixed,
    severity: row.severity as Severity,
    status: row.status as AlertSummary["status"],
    assignee: row.assignee,
    muted: row.muted !== 0,
    count: row.count,
    first_seen_us: row.first_seen_us,
    last_seen_us: row.last_seen_us,
    committed_us: row.committed_us,
    ...(row.done_by === null ? {} : { by: JSON.parse(row.done_by) as DoneByShort }),
  };
}

export const minuteUs = 60_000_000;
export const minuteOf = (timeUs: number): number => timeUs - (timeUs % minuteUs);
