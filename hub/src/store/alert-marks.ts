import type { Text } from "@atalaya/wire";
import { storeLimits } from "../core/limits.ts";
import type { FixedSummary } from "../pipeline/alert-document.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import type { HubTables } from "./schema.ts";

export type AlertMark = { alert_id: string; title: Text; timeUs: number };

/** The alerts about one process, at most `storeLimits.treeMarksMax`; without `butNot`, where it is given. */
export function readAlertMarks(
  db: OpenDatabase<HubTables>,
  workspaceId: string,
  of: { bootNo: number; pid: number; startUs: number },
  butNot = "",
): AlertMark[] {
  const query = db.query
    .selectFrom("alert_processes as p")
    .innerJoin("alerts as a", (on) =>
      on.onRef("a.workspace_id", "=", "p.workspace_id").onRef("a.alert_id", "=", "p.alert_id"),
    )
    .select(["a.alert_id", "a.summary", "a.last_seen_us"])
    .where("p.workspace_id", "=", workspaceId)
    .where("p.boot_no", "=", of.bootNo)
    .where("p.pid", "=", of.pid)
    .where("p.start_us", "=", of.startUs)
    .where("p.alert_id", "<>", butNot)
    .limit(storeLimits.treeMarksMax);
  return db.rows(query).map((row) => {
    const { title } = JSON.parse(row.summary) as FixedSummary;
    return { alert_id: row.alert_id, title, timeUs: row.last_seen_us };
  });
}
