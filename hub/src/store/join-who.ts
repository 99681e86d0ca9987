import type { CommittedAlert } from "../hub-core.ts";
import type { Batch } from "../pipeline/messages.ts";
import { judge, type Verdict, windowOf } from "../who/judge.ts";
import { whoLimits } from "../who/limits.ts";
import type { Session, Window } from "../who/session.ts";
import { amendAlert, entriesOfLine, entriesOfPod, setAnswer } from "./alert-entries.ts";
import { LineAnswers } from "./line-answers.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import { PodNodes } from "./pod-nodes.ts";
import type { AlertEntryTable, HubTables } from "./schema.ts";
import { type TouchedPod, WaitingPods } from "./waiting-pods.ts";
import {
  isAnybodyKnown,
  isAnybodyPresent,
  mergedWindows,
  type PodKey,
  podsToSettle,
  readDebugs,
  readExecs,
  readStarts,
  type StartRow,
  saveSession,
  saveStart,
  startsOfAdded,
} from "./who-rows.ts";
import type { WorkspaceState } from "./workspace-state.ts";

type Db = OpenDatabase<HubTables>;

/** What is left out, by why: pods where too many waited already, processes in pods that run on another node. */
export type NotJoined = { pods: number; startsElsewhere: number };
export const nothingNotJoined = (): NotJoined => ({ pods: 0, startsElsewhere: 0 });

/**
 * Joins audit with runtime: the writer is where both meet, and what they say is committed with the request that said it.
 * A pod is looked at when something new is known of it: a session, a process from outside, an alert, or that its node
 * has been heard long enough. Whatever an answer depends on is in the database: a start of the hub changes none.
 */
export class WhoJoin {
  readonly #db: Db;
  readonly #state: WorkspaceState;
  readonly #waiting: WaitingPods;
  #notJoined = nothingNotJoined();

  constructor(db: Db, state: WorkspaceState) {
    this.#db = db;
    this.#state = state;
    this.#waiting = new WaitingPods(db);
  }

  /** After a commit that failed. */
  reload(): void {
    this.#waiting.reload();
    this.#notJoined = nothingNotJoined();
  }

  /** What was not joined since this was asked last. */
  takeNotJoined(): NotJoined {
    const notJoined = this.#notJoined;
    this.#notJoined = nothingNotJoined();
    return notJoined;
  }

  /** To be called when the batch's alerts are written. Gives the alerts that it amended. */
  take(batch: Batch): CommittedAlert[] {
    const { workspaceId, cluster, who } = batch;
    const pods = new Touched(workspaceId, cluster);
    for (const session of who.sessions) {
      saveSession(this.#db, batch, session);
      pods.touch(session, this.#mayHaveBegun(pods.key(session), session));
    }
    for (const start of who.starts) {
      const bootNo = this.#state.bootNo(workspaceId, cluster, start.node, start.bootId);
      if (pods.nodes(this.#db, start).mayRun(start.node, start.timeUs) === false) this.#notJoined.startsElsewhere += 1;
      pods.touch(start, saveStart(this.#db, batch, bootNo, start));
    }
    for (const entry of batch.folds.flatMap((fold) => fold.entries)) pods.touch(entry, []);
    for (const one of this.#hear(batch)) pods.touch(one, [one]);
    return this.#next(pods.list()).flatMap((pod) => this.#joinPod(pod));
  }

  /** When what the session has begun may have started. An added container may start minutes later: its image is pulled. */
  #mayHaveBegun(key: PodKey, session: Session): Window[] {
    if (session.kind === "exec") return [windowOf(session)];
    return session.kind === "debug" ? startsOfAdded(this.#db, key, session) : [];
  }

  /** Those to look at now. A request that touches thousands of pods leaves most of them to the next ones: nobody waits for it. */
  #next(pods: readonly TouchedPod[]): TouchedPod[] {
    const now = pods.slice(0, whoLimits.podsJoinedAtOnce).map((pod) => this.#waiting.withWaiting(pod));
    const longest = this.#waiting.next(whoLimits.podsJoinedAtOnce - now.length);
    for (const pod of pods.slice(whoLimits.podsJoinedAtOnce)) if (!this.#waiting.add(pod)) this.#notJoined.pods += 1;
    return [...now, ...longest];
  }

  #hear({ workspaceId, cluster, who }: Batch): (PodKey & Window)[] {
    const aheadMaxUs = Date.now() * 1_000 + whoLimits.heardAheadUs;
    const boots = new Set<number>();
    for (const { node, bootId, timeUs } of who.heard) {
      const bootNo = this.#state.bootNo(workspaceId, cluster, node, bootId);
      this.#state.hear(workspaceId, bootNo, Math.min(timeUs, aheadMaxUs));
      boots.add(bootNo);
    }
    return [...boots].flatMap((bootNo) =>
      podsToSettle(this.#db, workspaceId, bootNo, this.#heardUs(workspaceId, bootNo)),
    );
  }

  #heardUs(workspaceId: string, bootNo: number): number {
    return this.#state.heardUs(workspaceId, bootNo) - whoLimits.settleSlackUs;
  }

  #joinPod({ key, windows }: TouchedPod): CommittedAlert[] {
    const changed = mergedWindows(windows).flatMap((window) => this.#judgeWindow(key, window));
    if (changed.length === 0 && !isAnybodyPresent(this.#db, key) && !isAnybodyKnown(this.#db, key)) return [];
    const entries = this.#entriesOf(key, changed);
    if (entries.length === 0) return [];
    const answers = new LineAnswers(this.#db, this.#state, key, entries);
    const amended = new Map<string, AlertEntryTable>();
    for (const entry of entries) if (setAnswer(this.#db, entry, answers.of(entry))) amended.set(entry.alert_id, entry);
    return [...amended.values()].flatMap((entry) => amendAlert(this.#db, this.#state, entry) ?? []);
  }

  /** The pod's newest lines, and those of which something else is known now, however old. */
  #entriesOf(key: PodKey, changed: readonly StartRow[]): AlertEntryTable[] {
    const all = [...entriesOfPod(this.#db, key), ...changed.flatMap((start) => entriesOfLine(this.#db, start))];
    return [...new Map(all.map((one) => [`${one.alert_id} ${one.boot_no} ${one.pid} ${one.start_us}`, one])).values()];
  }

  /**
   * Judges what started within that time: by every session that fits it, and by all that those may have begun. Gives
   * those of which something else is known than before.
   */
  #judgeWindow(key: PodKey, { fromUs, toUs }: Window): StartRow[] {
    const execs = readExecs(this.#db, key, { fromUs: fromUs - wholeWindowUs, toUs: toUs + wholeWindowUs });
    const { debugStartsWithinUs, clockSkewUs } = whoLimits;
    const debugs = readDebugs(this.#db, key, { fromUs: fromUs - debugStartsWithinUs, toUs: toUs + clockSkewUs });
    const sessions = [...execs.sessions, ...debugs.sessions];
    if (sessions.length === 0) return [];
    const nodes = new PodNodes(this.#db, key);
    const read = readStarts(this.#db, key, [...execs.sessions.map(windowOf), { fromUs, toUs }], nodes);
    const { rows, isOneNode } = this.#ofItsNode(key, read.rows, nodes);
    const judged = rows.filter((row) => row.time_us >= fromUs && row.time_us <= toUs);
    const isWhole = read.isWhole && execs.isWhole && debugs.isWhole && isOneNode;
    return this.#judge(key, { sessions, rows, isWhole, judged });
  }

  /** Without those of nodes where the pod does not run. Where several nodes say that they run it, and nobody knows better, any may be wrong. */
  #ofItsNode(key: PodKey, all: readonly StartRow[], nodes: PodNodes): { rows: StartRow[]; isOneNode: boolean } {
    const told = all.map((row) => {
      const node = this.#state.nodeOf(key.workspaceId, row.boot_no);
      return { row, node, isIts: nodes.mayRun(node, row.time_us) };
    });
    const its = told.filter((one) => one.isIts !== false);
    const isOneNode = its.every((one) => one.isIts) || new Set(its.map(({ node }) => node)).size === 1;
    return { rows: its.map(({ row }) => row), isOneNode };
  }

  #judge(key: PodKey, of: { sessions: Session[]; rows: StartRow[]; isWhole: boolean; judged: StartRow[] }): StartRow[] {
    if (of.judged.length === 0) return [];
    const boots = new Set(of.rows.map((row) => row.boot_no));
    const heardUs = Math.min(...[...boots].map((bootNo) => this.#heardUs(key.workspaceId, bootNo)));
    const starts = of.rows.map((row) => row.start);
    const verdicts = judge(of.sessions, starts, heardUs, of.isWhole);
    const keptUs = Date.now() * 1_000 - whoLimits.auditLateMaxUs;
    const young = of.judged.filter((row) => row.seen_us >= keptUs);
    return young.filter((row) => this.#save(row, verdicts.get(row.start.key)));
  }

  /** True where something else is known than before. */
  #save(row: StartRow, verdict: Verdict | undefined): boolean {
    const done_by = verdict === undefined ? null : JSON.stringify(verdict.doneBy);
    const settles_us = verdict?.settlesUs ?? null;
    if (done_by === row.done_by && settles_us === row.settles_us) return false;
    const update = this.#db.query.updateTable("who_starts").set({ done_by, settles_us });
    const one = update.where("workspace_id", "=", row.workspace_id).where("boot_no", "=", row.boot_no);
    this.#db.run(one.where("pid", "=", row.pid).where("start_us", "=", row.start_us));
    return done_by !== row.done_by;
  }
}

const wholeWindowUs = whoLimits.openedWithinUs + whoLimits.startsWithinUs + 2 * whoLimits.clockSkewUs;

type PodName = { namespace: string; pod: string };

/** Pods of which something new is known, and when what is to be judged again may have started. */
class Touched {
  readonly #workspaceId: string;
  readonly #cluster: string;
  readonly #pods = new Map<string, TouchedPod>();
  readonly #nodes = new Map<string, PodNodes>();

  constructor(workspaceId: string, cluster: string) {
    this.#workspaceId = workspaceId;
    this.#cluster = cluster;
  }

  key({ namespace, pod }: PodName): PodKey {
    return { workspaceId: this.#workspaceId, cluster: this.#cluster, namespace, pod };
  }

  touch(of: PodName, windows: readonly Window[]): void {
    const name = `${of.namespace}\n${of.pod}`;
    const known = this.#pods.get(name);
    if (known === undefined) this.#pods.set(name, { key: this.key(of), windows: [...windows] });
    else known.windows.push(...windows);
  }

  /** Read once for all that is told of the pod. */
  nodes(db: Db, of: PodName): PodNodes {
    const name = `${of.namespace}\n${of.pod}`;
    const known = this.#nodes.get(name) ?? new PodNodes(db, this.key(of));
    this.#nodes.set(name, known);
    return known;
  }

  list(): TouchedPod[] {
    return [...this.#pods.values()];
  }
}
