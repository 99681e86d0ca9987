import type { AlertAction } from "@atalaya/wire";
import { storeLimits } from "../core/limits.ts";
import type { CommittedAlert } from "../hub-core.ts";
import { recount } from "./alert-counts.ts";
import { type AlertRow, summaryOfRow } from "./alert-rows.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import type { HubTables } from "./schema.ts";
import type { WorkspaceState } from "./workspace-state.ts";

export type ActOnAlert = { workspaceId: string; alertId: string; action: AlertAction; user: string };
type Db = OpenDatabase<HubTables>;

/** Does what a person decided about an alert and notes it; undefined when there is no such alert. */
export function actOnAlert(db: Db, state: WorkspaceState, act: ActOnAlert): CommittedAlert | undefined {
  const { workspaceId, alertId, action } = act;
  const query = db.query.selectFrom("alerts").selectAll().where("workspace_id", "=", workspaceId);
  const before = db.row(query.where("alert_id", "=", alertId));
  if (before === undefined) return undefined;
  const row = { ...before, ...changeOf(action, before), commit_no: state.nextCommit(workspaceId) };
  const { status, muted, assignee, commit_no } = row;
  const update = db.query.updateTable("alerts").set({ status, muted, assignee, commit_no });
  db.run(update.where("workspace_id", "=", workspaceId).where("alert_id", "=", alertId));
  recount(db, before, row);
  addComment(db, act);
  return { workspaceId, commit: commit_no, alert: summaryOfRow(row) };
}

function changeOf(action: AlertAction, row: AlertRow): Partial<AlertRow> {
  switch (action.action) {
    case "acknowledge":
      return { status: "acknowledged" };
    case "resolve":
      return { status: "resolved" };
    case "reopen":
      return { status: "new" };
    case "assign":
      return { assignee: action.assignee === undefined ? row.assignee : action.assignee };
    case "mute":
      return { muted: 1 };
    case "unmute":
      return { muted: 0 };
    case "comment":
      return {};
  }
}

/** An assignment without words says whom it names. The oldest comments go beyond the limit. */
function addComment(db: Db, { workspaceId: workspace_id, alertId: alert_id, action, user }: ActOnAlert): void {
  const of = db.query.selectFrom("alert_comments").where("workspace_id", "=", workspace_id);
  const newest = of.where("alert_id", "=", alert_id).select((select) => select.fn.max("comment_no").as("n"));
  const comment_no = (db.row(newest)?.n ?? 0) + 1;
  const text = action.text === "" && action.action === "assign" ? (action.assignee ?? "") : action.text;
  const row = { workspace_id, alert_id, comment_no, time_us: Date.now() * 1_000, user, action: action.action, text };
  db.run(db.query.insertInto("alert_comments").values(row));
  const old = db.query.deleteFrom("alert_comments").where("workspace_id", "=", workspace_id);
  db.run(old.where("alert_id", "=", alert_id).where("comment_no", "<=", comment_no - storeLimits.alertCommentsMax));
}
