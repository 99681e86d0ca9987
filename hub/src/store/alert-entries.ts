import type { DoneBy } from "@atalaya/wire";
import { sql } from "kysely";
import type { CommittedAlert } from "../hub-core.ts";
import { type FoldedMatches, isOfLine, type MatchedEntry } from "../pipeline/fold-matches.ts";
import { searchable } from "../pipeline/searchable.ts";
import { whoLimits } from "../who/limits.ts";
import { ofAlert, shortOf } from "../who/short.ts";
import { type AlertRow, summaryOfRow } from "./alert-rows.ts";
import type { LineAnswer } from "./line-answers.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import type { AlertEntryTable, HubTables } from "./schema.ts";
import type { PodKey } from "./who-rows.ts";
import type { WorkspaceState } from "./workspace-state.ts";

type Db = OpenDatabase<HubTables>;
type Alert = { workspace_id: string; alert_id: string };

/** Notes which lines of processes raised the alert, the first ones up to the limit; true where there are more lines than before. */
export function saveEntries(
  db: Db,
  state: WorkspaceState,
  alert: Alert,
  cluster: string,
  fold: FoldedMatches,
): boolean {
  const { workspace_id, alert_id } = alert;
  let leftOut = fold.entriesLeftOut;
  let added = 0;
  for (const entry of fold.entries) {
    const boot_no = state.bootNo(workspace_id, cluster, entry.node, entry.bootId);
    const key = { workspace_id, alert_id, boot_no, pid: entry.pid, start_us: entry.startUs };
    const saved = saveEntry(db, key, cluster, entry);
    if (saved === "left_out") leftOut += 1;
    else if (saved === "added") added += 1;
  }
  if (leftOut > 0) {
    const alerts = db.query.updateTable("alerts").set((of) => ({ lines_left_out: of("lines_left_out", "+", leftOut) }));
    db.run(alerts.where("workspace_id", "=", workspace_id).where("alert_id", "=", alert_id));
  }
  return leftOut + added > 0;
}

type EntryKey = Alert & { boot_no: number; pid: number; start_us: number };

function saveEntry(db: Db, key: EntryKey, cluster: string, entry: MatchedEntry): "known" | "added" | "left_out" {
  const entries = db.query.selectFrom("alert_entries").where("workspace_id", "=", key.workspace_id);
  const ofAlert = entries.where("alert_id", "=", key.alert_id);
  const one = ofAlert
    .where("boot_no", "=", key.boot_no)
    .where("pid", "=", key.pid)
    .where("start_us", "=", key.start_us);
  const known = db.row(one.selectAll());
  if (known !== undefined) {
    // Lines that nobody knows the process of have one row a boot: those of other containers are none of it.
    if (!isOfLine(known, entry)) return "left_out";
    const last_us = Math.max(known.last_us, entry.lastUs);
    const first_us = Math.min(known.first_us, entry.firstUs);
    if (last_us !== known.last_us || first_us !== known.first_us) update(db, key, { first_us, last_us });
    return "known";
  }
  const n = db.row(ofAlert.select((of) => of.fn.countAll<number>().as("n")))?.n ?? 0;
  if (n >= whoLimits.alertEntriesMax) return "left_out";
  const { namespace, pod, container, firstUs: first_us, lastUs: last_us } = entry;
  const row = { ...key, cluster, namespace, pod, container, first_us, last_us, done_by: null, origin: null };
  db.run(db.query.insertInto("alert_entries").values(row));
  return "added";
}

function update(db: Db, key: EntryKey, set: Partial<AlertEntryTable>): void {
  const entries = db.query.updateTable("alert_entries").set(set).where("workspace_id", "=", key.workspace_id);
  const one = entries.where("alert_id", "=", key.alert_id).where("boot_no", "=", key.boot_no);
  db.run(one.where("pid", "=", key.pid).where("start_us", "=", key.start_us));
}

/** The lines in a pod that raised alerts, the newest up to the limit. */
export function entriesOfPod(db: Db, key: PodKey): AlertEntryTable[] {
  const query = db.query
    .selectFrom("alert_entries")
    .selectAll()
    .where("workspace_id", "=", key.workspaceId)
    .where("cluster", "=", key.cluster)
    .where("namespace", "=", key.namespace)
    .where("pod", "=", key.pod);
  return db.rows(query.orderBy("last_us", "desc").limit(whoLimits.podAlertsMax));
}

/** That line in every alert that it raised. */
export function entriesOfLine(
  db: Db,
  of: Pick<EntryKey, "workspace_id" | "boot_no" | "pid" | "start_us">,
): AlertEntryTable[] {
  // Left to itself SQLite goes through all lines of the workspace.
  const query = sql<AlertEntryTable>`SELECT * FROM alert_entries INDEXED BY alert_entries_of_line
    WHERE workspace_id = ${of.workspace_id} AND boot_no = ${of.boot_no} AND pid = ${of.pid} AND start_us = ${of.start_us}`;
  return db.rows<AlertEntryTable>({ compile: () => query.compile(db.query) });
}

/** Notes who did it, and how the line came in; true where who did it is news. */
export function setAnswer(db: Db, entry: AlertEntryTable, { doneBy, origin }: LineAnswer): boolean {
  const done_by = doneBy.length === 0 ? null : JSON.stringify(doneBy);
  const isNews = done_by !== entry.done_by;
  const change = origin === "unknown" || origin === entry.origin ? {} : { origin };
  if (isNews || "origin" in change) update(db, entry, { done_by, ...change });
  return isNews;
}

/** Puts what its lines say into the alert itself; gives the change to tell of, where somebody is to be told. */
export function amendAlert(db: Db, state: WorkspaceState, of: Alert): CommittedAlert | undefined {
  const alerts = db.query.selectFrom("alerts").selectAll().where("workspace_id", "=", of.workspace_id);
  const before = db.row(alerts.where("alert_id", "=", of.alert_id));
  if (before === undefined) return undefined;
  const row = withDoneBy(db, before);
  if (row.muted !== 0) return undefined;
  row.commit_no = state.nextCommit(row.workspace_id);
  const change = db.query.updateTable("alerts").set({ commit_no: row.commit_no });
  db.run(change.where("workspace_id", "=", row.workspace_id).where("alert_id", "=", row.alert_id));
  return { workspaceId: row.workspace_id, commit: row.commit_no, alert: summaryOfRow(row) };
}

/** The alert with what its lines say now, which is written. */
export function withDoneBy(db: Db, before: AlertRow): AlertRow {
  const short = shortOf(readDoneBy(db, before).all);
  const done_by = short === undefined ? null : JSON.stringify(short);
  const search_text = withUsers(before.search_text, short?.users ?? []);
  const change = db.query.updateTable("alerts").set({ done_by, search_text });
  db.run(change.where("workspace_id", "=", before.workspace_id).where("alert_id", "=", before.alert_id));
  return { ...before, done_by, search_text };
}

const usersMark = "\u0001";

/** The users stand between two marks in what is searched, and are replaced when they change. */
function withUsers(text: string, users: readonly string[]): string {
  const [before = "", , after = ""] = text.split(usersMark);
  if (users.length === 0) return `${before}${after}`;
  return `${before}${usersMark}${searchable(users.join("\n")).replaceAll(usersMark, "")}${usersMark}${after}`;
}

export type AlertDoneBy = { all: DoneBy[]; of(pid: number | undefined, startUs: number | undefined): DoneBy[] };

/** Who did it, of the alert and of each of its lines. */
export function readDoneBy(db: Db, { workspace_id, alert_id }: Alert): AlertDoneBy {
  const entries = db.query.selectFrom("alert_entries").selectAll().where("workspace_id", "=", workspace_id);
  const rows = db.rows(entries.where("alert_id", "=", alert_id).orderBy("first_us"));
  const lines = rows.map((row) => ({ ...row, doneBy: JSON.parse(row.done_by ?? "[]") as DoneBy[] }));
  const alerts = db.query.selectFrom("alerts").select("lines_left_out").where("workspace_id", "=", workspace_id);
  const leftOut = db.row(alerts.where("alert_id", "=", alert_id))?.lines_left_out ?? 0;
  return {
    all: ofAlert(
      lines.map((line) => line.doneBy),
      leftOut,
    ),
    of: (pid = 0, startUs = 0) => {
      const [line, ...others] = lines.filter((one) => one.pid === pid && one.start_us === startUs);
      // Evidence does not say of which boot it is: where two have such a process, it may be either's.
      return others.every((one) => one.done_by === line?.done_by) ? (line?.doneBy ?? []) : [];
    },
  };
}
