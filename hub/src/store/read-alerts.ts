import type { Alert, AlertComment, AlertEvidence, AlertPage, AlertQuery } from "@atalaya/wire";
import { type SelectQueryBuilder, sql } from "kysely";
import { storeLimits } from "../core/limits.ts";
import type { CommittedAlert } from "../hub-core.ts";
import type { AlertDocument } from "../pipeline/alert-document.ts";
import { searchable } from "../pipeline/searchable.ts";
import { whoLimits } from "../who/limits.ts";
import { type AlertDoneBy, readDoneBy } from "./alert-entries.ts";
import { minuteOf, minuteUs, summaryOfRow } from "./alert-rows.ts";
import { eventFileName } from "./event-files.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import { likeText, listed } from "./query-text.ts";
import { readRecording, withRecorded } from "./read-recording.ts";
import { readTree } from "./read-tree.ts";
import type { EventTables, HubTables } from "./schema.ts";

type Db = OpenDatabase<HubTables>;
type AlertsQuery = SelectQueryBuilder<HubTables, "alerts", object>;

/** A page of alerts, newest first, with the figures of the chips and the histogram. */
export function readAlertPage(db: Db, workspaceId: string, query: AlertQuery): AlertPage {
  const limit = query.limit ?? storeLimits.alertPageDefault;
  let found = filtered(db.query.selectFrom("alerts").where("workspace_id", "=", workspaceId), query);
  const cursor = parseCursor(query.cursor);
  if (cursor !== undefined) {
    found = found.where((is) =>
      is.or([
        is("last_seen_us", "<", cursor.lastSeenUs),
        is.and([is("last_seen_us", "=", cursor.lastSeenUs), is("alert_id", "<", cursor.alertId)]),
      ]),
    );
  }
  const newestFirst = found.orderBy("last_seen_us", "desc").orderBy("alert_id", "desc");
  const rows = db.rows(newestFirst.selectAll().limit(limit + 1));
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const page: AlertPage = {
    alerts: shown.map(summaryOfRow),
    counts: readCounts(db, workspaceId),
    histogram: readHistogram(db, workspaceId, Date.now() * 1_000),
  };
  if (rows.length > limit && last !== undefined) page.next_cursor = `${last.last_seen_us}.${last.alert_id}`;
  return page;
}

function parseCursor(cursor: string | undefined): { lastSeenUs: number; alertId: string } | undefined {
  const parts = /^(\d{1,16})\.([0-9a-f]{1,64})$/.exec(cursor ?? "");
  return parts === null ? undefined : { lastSeenUs: Number(parts[1]), alertId: parts[2] ?? "" };
}

function filtered(start: AlertsQuery, query: AlertQuery): AlertsQuery {
  let found = start.where("muted", "=", query.muted === "true" ? 1 : 0);
  for (const column of [
    "status",
    "severity",
    "rule",
    "source",
    "namespace",
    "node",
    "assignee",
    "cluster",
    "pod_uid",
    "workload",
  ] as const) {
    const values = listed(query[column]);
    if (values.length > 0) found = found.where(column, "in", values);
  }
  const containers = listed(query.container);
  if (containers.length > 0) {
    // A short id, as `docker ps` prints it, is a beginning of the long one.
    found = found.where((is) =>
      is.or(
        containers.flatMap((one) => [is("container_id", "like", `${likeText(one)}%`), is("container_name", "=", one)]),
      ),
    );
  }
  const techniques = listed(query.technique);
  if (techniques.length > 0) {
    found = found.where((is) =>
      // A technique stands for its sub-techniques too.
      is.or(
        techniques.flatMap((id) => [
          is("techniques", "like", `% ${likeText(id)} %`),
          is("techniques", "like", `% ${likeText(id)}.%`),
        ]),
      ),
    );
  }
  if (query.verdict !== undefined) {
    // As JSON.stringify wrote it: within a value the quotation marks would be escaped.
    const written = `"proc.exec_verdict":${JSON.stringify(query.verdict)}`;
    found = found.where(({ exists, selectFrom }) =>
      exists(
        selectFrom("alert_evidence")
          .select("alert_evidence.alert_id")
          .whereRef("alert_evidence.workspace_id", "=", "alerts.workspace_id")
          .whereRef("alert_evidence.alert_id", "=", "alerts.alert_id")
          .where(sql<number>`instr(evidence, ${written})`, ">", 0),
      ),
    );
  }
  for (const word of searchable(query.q ?? "").split(/\s+/)) {
    if (word !== "") found = found.where(sql<number>`instr(search_text, ${word})`, ">", 0);
  }
  if (query.since_us !== undefined) found = found.where("last_seen_us", ">=", query.since_us);
  if (query.until_us !== undefined) found = found.where("first_seen_us", "<=", query.until_us);
  return found;
}

function readCounts(db: Db, workspaceId: string): AlertPage["counts"] {
  const counts: AlertPage["counts"] = { status: {}, severity: {} };
  for (const row of db.rows(db.query.selectFrom("alert_counts").selectAll().where("workspace_id", "=", workspaceId))) {
    counts.status[row.status] = (counts.status[row.status] ?? 0) + row.n;
    if (row.status === "resolved") continue;
    counts.severity[row.severity] = (counts.severity[row.severity] ?? 0) + row.n;
  }
  return counts;
}

function readHistogram(db: Db, workspaceId: string, nowUs: number): AlertPage["histogram"] {
  const first = minuteOf(nowUs - storeLimits.histogramUs) + minuteUs;
  const minutes = new Map<number, Record<string, number>>();
  for (let at = first; at <= nowUs; at += minuteUs) minutes.set(at, {});
  const query = db.query.selectFrom("alert_minutes").selectAll().where("workspace_id", "=", workspaceId);
  for (const row of db.rows(query.where("minute_us", ">=", first))) {
    const minute = minutes.get(row.minute_us);
    if (minute !== undefined) minute[row.severity] = row.n;
  }
  return [...minutes].map(([time_us, severity]) => ({ time_us, severity }));
}

/** All of one alert, its process tree made from the rows that are kept now. */
export function readAlert(
  db: Db,
  days: readonly OpenDatabase<EventTables>[],
  workspaceId: string,
  alertId: string,
): Alert | undefined {
  const alerts = db.query.selectFrom("alerts").selectAll().where("workspace_id", "=", workspaceId);
  const row = db.row(alerts.where("alert_id", "=", alertId));
  const documents = db.query.selectFrom("alert_documents").select("document").where("workspace_id", "=", workspaceId);
  const text = db.row(documents.where("alert_id", "=", alertId))?.document;
  if (row === undefined || text === undefined) return undefined;
  const { tree, ...document } = JSON.parse(text) as AlertDocument;
  const doneBy = readDoneBy(db, row);
  const recorded = readRecording(db, workspaceId, alertId);
  return {
    ...summaryOfRow(row),
    ...document,
    ...(doneBy.all.length > 0 ? { done_by: doneBy.all.slice(0, whoLimits.namedMax) } : {}),
    process_tree: withRecorded(
      tree === undefined ? [] : readTree(db, days, { workspaceId, alertId, seed: tree }),
      recorded?.events ?? [],
    ),
    ...(recorded !== undefined && { recording: recorded.recording }),
    ...(tree !== undefined && isHistoryGone(days, row.committed_us) ? { process_history_gone: true } : {}),
    evidence: readEvidence(db, workspaceId, alertId, doneBy),
    comments: readComments(db, workspaceId, alertId),
  };
}

/** Whether the day on which the alert was first written lies before all days that are kept (`days`: oldest first). */
function isHistoryGone(days: readonly OpenDatabase<EventTables>[], committedUs: number): boolean {
  const oldest = days[0]?.raw.location()?.split("/").at(-1) ?? eventFileName(Date.now());
  return eventFileName(committedUs / 1_000) < oldest;
}

function readEvidence(db: Db, workspaceId: string, alertId: string, doneBy: AlertDoneBy): AlertEvidence[] {
  const query = db.query.selectFrom("alert_evidence").select("evidence").where("workspace_id", "=", workspaceId);
  const rows = db.rows(query.where("alert_id", "=", alertId).orderBy("evidence_no"));
  return rows.map((row) => {
    const evidence = JSON.parse(row.evidence) as AlertEvidence;
    const own = doneBy.of(evidence.entry_pid, evidence.entry_start_us);
    return own.length > 0 ? { ...evidence, done_by: own } : evidence;
  });
}

function readComments(db: Db, workspaceId: string, alertId: string): AlertComment[] {
  const query = db.query.selectFrom("alert_comments").selectAll().where("workspace_id", "=", workspaceId);
  const rows = db.rows(query.where("alert_id", "=", alertId).orderBy("comment_no"));
  return rows.map(({ time_us, user, action, text }) => ({
    time_us,
    user,
    action: action as AlertComment["action"],
    text,
  }));
}

/** The alerts that changed after a commit, as they are now, oldest change first. */
export function readAlertsSince(db: Db, workspaceId: string, commit: number): CommittedAlert[] {
  const query = db.query.selectFrom("alerts").selectAll().where("workspace_id", "=", workspaceId);
  const rows = db.rows(query.where("commit_no", ">", commit).orderBy("commit_no").limit(storeLimits.alertsSinceMax));
  return rows.map((row) => ({ workspaceId, commit: row.commit_no, alert: summaryOfRow(row) }));
}

export type RuleFigures = { rule: string; alerts24h: number; lastAlertUs: number };

/** How many alerts each rule had since `sinceUs`, and when it last matched. */
export function readRuleFigures(db: Db, workspaceId: string, sinceUs: number): RuleFigures[] {
  const query = db.query
    .selectFrom("alerts")
    .where("workspace_id", "=", workspaceId)
    .groupBy("rule")
    .select(["rule", sql<number>`max(last_seen_us)`.as("last"), sql<number>`sum(last_seen_us >= ${sinceUs})`.as("n")]);
  return db.rows(query).map((row) => ({ rule: row.rule, alerts24h: row.n, lastAlertUs: row.last }));
}

export function countOpenAlerts(db: Db, workspaceId: string): number {
  const { status } = readCounts(db, workspaceId);
  return (status["new"] ?? 0) + (status["acknowledged"] ?? 0);
}
