import type { DoneBy, PodSession } from "@atalaya/wire";
import { sql } from "kysely";
import type { Batch } from "../pipeline/messages.ts";
import { whoLimits } from "../who/limits.ts";
import type { Session, Start, Window } from "../who/session.ts";
import type { ProcessStart } from "../who/start-of-process.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import type { HubTables, WhoSessionTable, WhoStartTable } from "./schema.ts";

type Db = OpenDatabase<HubTables>;
export type PodKey = { workspaceId: string; cluster: string; namespace: string; pod: string };

/** Puts the two records of a session together, in whatever order they come. */
export function saveSession(db: Db, { workspaceId: workspace_id, cluster }: Batch, one: Session): void {
  const row: WhoSessionTable = {
    ...{ workspace_id, cluster, namespace: one.namespace, pod: one.pod, session_id: one.id, kind: one.kind },
    container: one.container,
    received_us: one.receivedUs,
    started_us: one.startedUs,
    ended_us: one.endedUs,
    command: one.command === null ? null : JSON.stringify(one.command),
    told: JSON.stringify(one.told),
    seen_us: Date.now() * 1_000,
  };
  const insert = db.query.insertInto("who_sessions").values(row);
  db.run(
    insert.onConflict((on) =>
      on.columns(["workspace_id", "cluster", "namespace", "pod", "session_id"]).doUpdateSet({
        started_us: sql<number | null>`coalesce(who_sessions.started_us, ${one.startedUs})`,
        ended_us: sql<number | null>`coalesce(who_sessions.ended_us, ${one.endedUs})`,
        seen_us: row.seen_us,
      }),
    ),
  );
}

/** A process begins once: what it runs later changes nothing. */
export function saveStart(
  db: Db,
  { workspaceId: workspace_id, cluster }: Batch,
  bootNo: number,
  one: ProcessStart,
): void {
  const row: WhoStartTable = {
    ...{ workspace_id, boot_no: bootNo, pid: one.pid, start_us: one.startUs, cluster },
    ...{ namespace: one.namespace, pod: one.pod, container: one.container, container_id: one.containerId },
    is_init: one.isInit ? 1 : 0,
    time_us: one.timeUs,
    argv: JSON.stringify(one.argv),
    script: one.script,
    is_cut: one.isCut ? 1 : 0,
    seen_us: Date.now() * 1_000,
    settles_us: null,
    done_by: null,
  };
  const insert = db.query.insertInto("who_starts").values(row);
  db.run(insert.onConflict((on) => on.doNothing()));
}

/** The pod's `exec` sessions that were asked for within that time. */
export function readExecs(db: Db, key: PodKey, { fromUs, toUs }: Window): Session[] {
  const execs = sessionsOf(db, key).where("kind", "=", "exec");
  const query = execs.where("received_us", ">=", fromUs).where("received_us", "<=", toUs);
  return db.rows(query.orderBy("received_us").limit(whoLimits.sessionsReadMax)).map(sessionOf);
}

/** The newest sessions of the pod of these kinds, oldest first. */
export function readSessions(db: Db, key: PodKey, kinds: readonly PodSession["kind"][]): Session[] {
  const query = sessionsOf(db, key).where("kind", "in", kinds).orderBy("received_us", "desc");
  return db.rows(query.limit(whoLimits.presentReadMax)).reverse().map(sessionOf);
}

function sessionsOf(db: Db, key: PodKey) {
  return db.query
    .selectFrom("who_sessions")
    .selectAll()
    .where("workspace_id", "=", key.workspaceId)
    .where("cluster", "=", key.cluster)
    .where("namespace", "=", key.namespace)
    .where("pod", "=", key.pod);
}

function sessionOf(row: WhoSessionTable): Session {
  const told = JSON.parse(row.told) as PodSession;
  if (row.ended_us !== null) told.ended_us = row.ended_us;
  return {
    id: row.session_id,
    kind: told.kind,
    namespace: row.namespace,
    pod: row.pod,
    container: row.container,
    command: row.command === null ? null : (JSON.parse(row.command) as string[]),
    receivedUs: row.received_us,
    startedUs: row.started_us,
    endedUs: row.ended_us,
    told,
  };
}

export type StartRow = WhoStartTable & { start: Start };

/** What is known of who started these processes, by `pid start`. */
export function readStartedBy(
  db: Db,
  of: { workspaceId: string; bootNo: number },
  processes: readonly { pid: number; start_us: number }[],
): Map<string, DoneBy> {
  const found = new Map<string, DoneBy>();
  for (const { pid, start_us } of processes) {
    const starts = db.query.selectFrom("who_starts").select("done_by").where("workspace_id", "=", of.workspaceId);
    const one = starts.where("boot_no", "=", of.bootNo).where("pid", "=", pid).where("start_us", "=", start_us);
    const text = db.row(one)?.done_by;
    if (text) found.set(`${pid} ${start_us}`, JSON.parse(text) as DoneBy);
  }
  return found;
}

/** What came into the pod's containers within any of these times, containers' first processes or the others. Not whole where it is more than is looked through. */
export function readStarts(
  db: Db,
  key: PodKey,
  windows: readonly Window[],
  first: boolean,
): { rows: StartRow[]; isWhole: boolean } {
  const rows: StartRow[] = [];
  for (const { fromUs, toUs } of mergedWindows(windows)) {
    const left = whoLimits.startsReadMax - rows.length;
    const starts = startsOf(db, key).where("is_init", "=", first ? 1 : 0);
    const query = starts.where("time_us", ">=", fromUs).where("time_us", "<=", toUs);
    const some = db.rows(query.orderBy("time_us").limit(left + 1));
    for (const row of some.slice(0, left)) rows.push({ ...row, start: startOf(row) });
    if (some.length > left) return { rows, isWhole: false };
  }
  return { rows, isWhole: true };
}

/** Whether anybody is known to have started something in the pod. */
export function isAnybodyKnown(db: Db, key: PodKey): boolean {
  return db.row(startsOf(db, key).where("done_by", "is not", null).limit(1)) !== undefined;
}

function startsOf(db: Db, key: PodKey) {
  return db.query
    .selectFrom("who_starts")
    .selectAll()
    .where("workspace_id", "=", key.workspaceId)
    .where("cluster", "=", key.cluster)
    .where("namespace", "=", key.namespace)
    .where("pod", "=", key.pod);
}

function startOf(row: WhoStartTable): Start {
  return {
    key: `${row.boot_no} ${row.pid} ${row.start_us}`,
    container: row.container,
    argv: JSON.parse(row.argv) as string[],
    script: row.script,
    isCut: row.is_cut !== 0,
    timeUs: row.time_us,
    isFirst: row.is_init !== 0,
  };
}

/** Times that overlap become one: hundreds of sessions are a few queries. */
export function mergedWindows(windows: readonly Window[]): Window[] {
  const merged: Window[] = [];
  for (const { fromUs, toUs } of windows.toSorted((a, b) => a.fromUs - b.fromUs)) {
    const last = merged.at(-1);
    if (last !== undefined && fromUs <= last.toUs) last.toUs = Math.max(last.toUs, toUs);
    else merged.push({ fromUs, toUs });
  }
  return merged;
}

/** The pods of a node whose answer may be final now, each with the time of the processes that wait for it. */
export function podsToSettle(db: Db, workspaceId: string, bootNo: number, heardUs: number): (PodKey & Window)[] {
  const query = db.query
    .selectFrom("who_starts")
    .select((of) => ["cluster", "namespace", "pod", of.fn.min("time_us").as("fromUs"), of.fn.max("time_us").as("toUs")])
    .groupBy(["cluster", "namespace", "pod"])
    .where("workspace_id", "=", workspaceId)
    .where("boot_no", "=", bootNo)
    .where("settles_us", "<=", heardUs)
    // What is older is judged no more: others of its time may be forgotten.
    .where("seen_us", ">=", Date.now() * 1_000 - whoLimits.auditLateMaxUs)
    .where("settles_us", "is not", null)
    .limit(whoLimits.podsSettledAtOnce);
  return db.rows(query).map((row) => ({ workspaceId, ...row }));
}

/** Forgets what nobody can be joined with any more; what was found stays with its process until `foundBeforeUs`. */
export function forgetWho(db: Db, nowUs: number, foundBeforeUs: number): number {
  const { startKeptUs, sessionKeptUs, forgottenAtOnce: max } = whoLimits;
  const run = (query: ReturnType<typeof sql>) => db.run({ compile: () => query.compile(db.query) });
  const sessions = run(sql`DELETE FROM who_sessions WHERE (workspace_id, cluster, namespace, pod, session_id) IN
    (SELECT workspace_id, cluster, namespace, pod, session_id FROM who_sessions
      WHERE seen_us < ${nowUs - sessionKeptUs} LIMIT ${max})`);
  const starts = run(sql`DELETE FROM who_starts WHERE (workspace_id, boot_no, pid, start_us) IN
    (SELECT workspace_id, boot_no, pid, start_us FROM who_starts
      WHERE done_by IS NULL AND seen_us < ${nowUs - startKeptUs} LIMIT ${max})`);
  const found = run(sql`DELETE FROM who_starts WHERE (workspace_id, boot_no, pid, start_us) IN
    (SELECT workspace_id, boot_no, pid, start_us FROM who_starts
      WHERE done_by IS NOT NULL AND seen_us < ${foundBeforeUs} LIMIT ${max})`);
  return sessions + starts + found;
}
