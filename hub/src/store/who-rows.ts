import type { DoneBy, PodSession } from "@atalaya/wire";
import { sql } from "kysely";
import type { Batch } from "../pipeline/messages.ts";
import { whoLimits } from "../who/limits.ts";
import type { Read } from "../who/presence.ts";
import type { Session, Start, Window } from "../who/session.ts";
import { type ProcessStart, type StartKind, startKinds } from "../who/start-of-process.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import { PodNodes } from "./pod-nodes.ts";
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

/**
 * A process begins once: what it runs later changes nothing. Gives the times of what may have to be judged again: its own,
 * and that of the one that seemed to be its container's first until now.
 */
export function saveStart(
  db: Db,
  { workspaceId: workspace_id, cluster }: Batch,
  bootNo: number,
  one: ProcessStart,
): Window[] {
  const others = firstsOf(db, workspace_id, bootNo, one.containerId);
  const row: WhoStartTable = {
    ...{ workspace_id, boot_no: bootNo, pid: one.pid, start_us: one.startUs, cluster },
    ...{ namespace: one.namespace, pod: one.pod, container: one.container, container_id: one.containerId },
    is_init: kindAmong(one, others),
    time_us: one.timeUs,
    argv: JSON.stringify(one.argv),
    script: one.script,
    is_cut: one.isCut ? 1 : 0,
    seen_us: Date.now() * 1_000,
    settles_us: null,
    done_by: null,
  };
  const insert = db.query.insertInto("who_starts").values(row);
  if (db.run(insert.onConflict((on) => on.doNothing())) === 0) return [];
  const times = one.kind === startKinds.before ? [] : [one.timeUs];
  for (const other of others) {
    const isLater =
      row.is_init !== startKinds.entered && (one.kind === startKinds.first || one.startUs < other.start_us);
    if (other.is_init !== startKinds.seenFirst || !isLater) continue;
    times.push(other.time_us);
    const starts = db.query.updateTable("who_starts").set({ is_init: startKinds.entered });
    const ofBoot = starts.where("workspace_id", "=", workspace_id).where("boot_no", "=", bootNo);
    db.run(ofBoot.where("pid", "=", other.pid).where("start_us", "=", other.start_us));
  }
  return times.map((timeUs) => ({ fromUs: timeUs, toUs: timeUs }));
}

type First = { pid: number; start_us: number; time_us: number; is_init: number };

/** What is known to be in the container since it began, or since the sensor did. */
function firstsOf(db: Db, workspaceId: string, bootNo: number, containerId: string): First[] {
  if (containerId === "") return [];
  const query = sql<First>`SELECT pid, start_us, time_us, is_init FROM who_starts INDEXED BY who_starts_first
    WHERE workspace_id = ${workspaceId} AND boot_no = ${bootNo} AND container_id = ${containerId} AND is_init <> 0
    LIMIT ${whoLimits.startsReadMax}`;
  return db.rows<First>({ compile: () => query.compile(db.query) });
}

function kindAmong(one: ProcessStart, others: readonly First[]): StartKind {
  const { kind, containerId, startUs, mayBeFirst } = one;
  if (kind !== startKinds.entered || !mayBeFirst || containerId === "") return kind;
  const isBeforeAll = others.every((one) => one.is_init === startKinds.seenFirst && startUs < one.start_us);
  return isBeforeAll ? startKinds.seenFirst : kind;
}

/** The pod's `exec` sessions that were asked for within that time. */
export function readExecs(db: Db, key: PodKey, { fromUs, toUs }: Window): Read {
  const { sessionsReadMax: max } = whoLimits;
  const execs = sessionsOf(db, key).where("kind", "=", "exec");
  const query = execs.where("received_us", ">=", fromUs).where("received_us", "<=", toUs);
  const rows = db.rows(query.orderBy("received_us").limit(max + 1));
  return { sessions: rows.slice(0, max).map(sessionOf), isWhole: rows.length <= max };
}

/** The sessions of that kind that were open at some time within the window; the newest, where they are more than are read. */
export function readOpen(db: Db, key: PodKey, kind: "attach" | "port-forward", { fromUs, toUs }: Window): Read {
  const asked = sessionsOf(db, key).where("kind", "=", kind).where("received_us", "<=", toUs);
  const tooOld = asked.orderBy("received_us", "desc").offset(whoLimits.presentScannedMax).limit(1);
  const floor = db.row(tooOld.clearSelect().select("received_us"))?.received_us;
  const looked = floor === undefined ? asked : asked.where("received_us", ">", floor);
  const open = looked.where((is) => is.or([is("ended_us", "is", null), is("ended_us", ">=", fromUs)]));
  const { sessions, isWhole } = readNewest(db, open);
  return { sessions, isWhole: isWhole && floor === undefined };
}

/** The sessions that added a container within that time. */
export function readDebugs(db: Db, key: PodKey, { fromUs, toUs }: Window): Read {
  const debugs = sessionsOf(db, key).where("kind", "=", "debug");
  return readNewest(db, debugs.where("received_us", ">=", fromUs).where("received_us", "<=", toUs));
}

function readNewest(db: Db, query: ReturnType<typeof sessionsOf>): Read {
  const { presentReadMax: max } = whoLimits;
  const rows = db.rows(query.orderBy("received_us", "desc").limit(max + 1));
  return { sessions: rows.slice(0, max).reverse().map(sessionOf), isWhole: rows.length <= max };
}

/** Whether the session is still there to be looked at. */
export function isSessionKept(db: Db, key: PodKey, told: PodSession): boolean {
  const asked = sessionsOf(db, key).where("kind", "=", told.kind).where("received_us", "=", told.received_us);
  return db.rows(asked).some((row) => {
    const one = JSON.parse(row.told) as PodSession;
    return one.audit_id === told.audit_id && one.user === told.user;
  });
}

/** Whether anybody was attached to the pod, or forwarded a port of it. */
export function isAnybodyPresent(db: Db, key: PodKey): boolean {
  const present = sessionsOf(db, key).where("kind", "in", ["attach", "port-forward"]);
  return db.row(present.limit(1)) !== undefined;
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

/**
 * What came into the pod's containers within any of these times. Not whole where it is more than is looked through: what
 * other nodes say of the pod, where the inventory knows where it runs, is not among it.
 */
export function readStarts(
  db: Db,
  key: PodKey,
  windows: readonly Window[],
  nodes: PodNodes,
): { rows: StartRow[]; isWhole: boolean } {
  const rows: StartRow[] = [];
  for (const { fromUs, toUs } of mergedWindows(windows)) {
    const left = whoLimits.startsReadMax - rows.length;
    const starts = startsOn(db, key, nodes.within(fromUs, toUs)).where("is_init", "<>", startKinds.before);
    const query = starts.where("time_us", ">=", fromUs).where("time_us", "<=", toUs);
    const some = db.rows(query.orderBy("time_us").limit(left + 1));
    for (const row of some.slice(0, left)) rows.push({ ...row, start: startOf(row) });
    if (some.length > left) return { rows, isWhole: false };
  }
  return { rows, isWhole: true };
}

/** When the added container's first process started, as far as that was seen. */
export function startsOfAdded(db: Db, key: PodKey, { container, receivedUs }: Session): Window[] {
  const { clockSkewUs, debugStartsWithinUs, startsReadMax } = whoLimits;
  const [fromUs, toUs] = [receivedUs - clockSkewUs, receivedUs + debugStartsWithinUs];
  const starts = startsOn(db, key, new PodNodes(db, key).within(fromUs, toUs));
  const firsts = starts.where("is_init", "in", [startKinds.first, startKinds.seenFirst]);
  const inTime = firsts.where("time_us", ">=", fromUs).where("time_us", "<=", toUs);
  const rows = db.rows(inTime.where("container", "=", container).limit(startsReadMax));
  return rows.map(({ time_us }) => ({ fromUs: time_us, toUs: time_us }));
}

/** Whether anybody is known to have started something in the pod. */
export function isAnybodyKnown(db: Db, key: PodKey): boolean {
  // Left to itself SQLite goes through all starts of the workspace.
  const query = sql<{ pid: number }>`SELECT pid FROM who_starts INDEXED BY who_starts_found
    WHERE workspace_id = ${key.workspaceId} AND cluster = ${key.cluster} AND namespace = ${key.namespace}
      AND pod = ${key.pod} AND done_by IS NOT NULL LIMIT 1`;
  return db.row<{ pid: number }>({ compile: () => query.compile(db.query) }) !== undefined;
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

/** As these nodes tell; as all do where `nodes` is undefined. */
function startsOn(db: Db, key: PodKey, nodes: readonly string[] | undefined) {
  const all = startsOf(db, key);
  if (nodes === undefined) return all;
  const boots = db.query
    .selectFrom("boots")
    .select("boot_no")
    .where("workspace_id", "=", key.workspaceId)
    .where("cluster", "=", key.cluster)
    .where("node", "in", nodes);
  return all.where("boot_no", "in", boots);
}

function startOf(row: WhoStartTable): Start {
  return {
    key: `${row.boot_no} ${row.pid} ${row.start_us}`,
    container: row.container,
    argv: JSON.parse(row.argv) as string[],
    script: row.script,
    isCut: row.is_cut !== 0,
    timeUs: row.time_us,
    first: row.is_init === startKinds.first ? "yes" : row.is_init === startKinds.seenFirst ? "maybe" : "no",
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

/**
 * Forgets what nobody can be joined with any more. What was found stays with its process until `foundBeforeUs`, and so
 * does whoever is attached or forwards a port and has not been heard to end it.
 */
export function forgetWho(db: Db, nowUs: number, foundBeforeUs: number): number {
  const { startKeptUs, firstKeptUs, sessionKeptUs, forgottenAtOnce: max } = whoLimits;
  const run = (query: ReturnType<typeof sql>) => db.run({ compile: () => query.compile(db.query) });
  const sessions = run(sql`DELETE FROM who_sessions WHERE (workspace_id, cluster, namespace, pod, session_id) IN
    (SELECT workspace_id, cluster, namespace, pod, session_id FROM who_sessions
      WHERE seen_us < ${nowUs - sessionKeptUs} AND (ended_us IS NOT NULL OR kind NOT IN ('attach', 'port-forward')
        OR seen_us < ${foundBeforeUs}) LIMIT ${max})`);
  const starts = run(sql`DELETE FROM who_starts WHERE (workspace_id, boot_no, pid, start_us) IN
    (SELECT workspace_id, boot_no, pid, start_us FROM who_starts
      WHERE done_by IS NULL AND is_init = 0 AND seen_us < ${nowUs - startKeptUs} LIMIT ${max})`);
  const firsts = run(sql`DELETE FROM who_starts WHERE (workspace_id, boot_no, pid, start_us) IN
    (SELECT workspace_id, boot_no, pid, start_us FROM who_starts
      WHERE done_by IS NULL AND is_init <> 0 AND seen_us < ${nowUs - firstKeptUs} LIMIT ${max})`);
  const found = run(sql`DELETE FROM who_starts WHERE (workspace_id, boot_no, pid, start_us) IN
    (SELECT workspace_id, boot_no, pid, start_us FROM who_starts
      WHERE done_by IS NOT NULL AND seen_us < ${foundBeforeUs} LIMIT ${max})`);
  return sessions + starts + firsts + found;
}
