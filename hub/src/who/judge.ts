import type { DoneBy } from "@atalaya/wire";
import { whoLimits } from "./limits.ts";
import { possibleSessions } from "./matching.ts";
import { mayBeCommand } from "./same-command.ts";
import type { Session, Start, Window } from "./session.ts";

/**
 * Of one process: who started it. `settlesUs`: when the node's records have come so far, everything is there that can
 * still change this from the node's side (an audit record that is late always can).
 */
export type Verdict = { doneBy: DoneBy; settlesUs: number | null };

/**
 * When the process of a session may have started, in the node's time. The API server upgrades the connection before the
 * runtime is asked to start anything; when it has written that the session ended, only what the runtime was doing is still to come.
 */
export function windowOf(session: Session): Window {
  const { clockSkewUs: skew, startsWithinUs, startsAfterEndUs, openedWithinUs } = whoLimits;
  const { receivedUs, startedUs, endedUs } = session;
  const latest = startedUs === null ? receivedUs + openedWithinUs + startsWithinUs : startedUs + startsWithinUs;
  return {
    fromUs: (startedUs ?? receivedUs) - skew,
    toUs: Math.min(latest, endedUs === null ? latest : endedUs + startsAfterEndUs) + skew,
  };
}

/**
 * The join of `exec` and `debug` sessions with the processes that came into one pod. `heardUs`: how far its node has been
 * heard. Sessions may be left out, as if their records had not come: less is known then, and nothing wrong. Starts may
 * not, within the windows of the sessions that are given: where some are missing, `isWhole` is false and nobody is known.
 */
export function judge(
  sessions: readonly Session[],
  starts: readonly Start[],
  heardUs: number,
  isWhole = true,
): Map<string, Verdict> {
  const execs = sessions.filter((one) => one.kind === "exec");
  const entered = starts.filter((one) => one.first !== "yes").toSorted((a, b) => a.timeUs - b.timeUs);
  const verdicts = new Map<string, Verdict>();
  const windows = execs.map(windowOf);
  const edges = execs.map((session, s) => edgesOf(session, windows[s] as Window, entered));
  const sessionsOfStart: number[][] = entered.map(() => []);
  for (const [session, some] of edges.entries()) for (const start of some) sessionsOfStart[start]?.push(session);
  for (const group of componentsOf(edges, entered.length)) {
    judgeGroup(group, { execs, windows, edges, sessionsOfStart, entered, heardUs, isWhole }, verdicts);
  }
  judgeDebug(sessions, starts, { heardUs, isWhole }, verdicts);
  return verdicts;
}

/** The starts within the window that fit; they are in the order of their times. */
function edgesOf(session: Session, { fromUs, toUs }: Window, entered: readonly Start[]): number[] {
  const edges: number[] = [];
  for (let at = firstFrom(entered, fromUs); at < entered.length; at++) {
    const start = entered[at];
    if (start === undefined || start.timeUs > toUs) break;
    if (fits(session, start)) edges.push(at);
  }
  return edges;
}

function firstFrom(entered: readonly Start[], fromUs: number): number {
  let [low, high] = [0, entered.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entered[middle]?.timeUs ?? 0) < fromUs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function fits(session: Session, start: Start): boolean {
  if (session.container !== null && start.container !== null && session.container !== start.container) return false;
  return mayBeCommand(session.command, start);
}

type Group = { sessions: number[]; starts: number[] };
type Facts = {
  execs: readonly Session[];
  windows: readonly Window[];
  edges: readonly (readonly number[])[];
  sessionsOfStart: readonly (readonly number[])[];
  entered: readonly Start[];
  heardUs: number;
  isWhole: boolean;
};

/** Sessions and starts that have to do with one another, through whatever lies between. */
function componentsOf(edges: readonly (readonly number[])[], starts: number): Group[] {
  const groupOfStart = new Array<Group | undefined>(starts);
  const groups = new Set<Group>();
  for (const [session, some] of edges.entries()) {
    const group: Group = { sessions: [session], starts: [] };
    const met = new Set(some.map((start) => groupOfStart[start]));
    for (const other of met) {
      if (other === undefined) continue;
      group.sessions.push(...other.sessions);
      group.starts.push(...other.starts);
      groups.delete(other);
    }
    group.starts.push(...some.filter((start) => groupOfStart[start] === undefined));
    for (const start of group.starts) groupOfStart[start] = group;
    groups.add(group);
  }
  const inOrder = (a: number, b: number) => a - b;
  for (const { sessions } of groups) sessions.sort(inOrder);
  return [...groups].filter((group) => group.starts.length > 0);
}

function judgeGroup(group: Group, facts: Facts, verdicts: Map<string, Verdict>): void {
  const settlesUs = Math.max(...group.sessions.map((s) => facts.windows[s]?.toUs ?? 0));
  const isSettled = facts.heardUs >= settlesUs;
  const isMany = group.sessions.length > whoLimits.sessionsMax || group.starts.length > whoLimits.startsMax;
  const isTooMany = isMany || !facts.isWhole;
  const possible = isTooMany ? undefined : possibleOf(group, facts);
  for (const [i, at] of group.starts.entries()) {
    const start = facts.entered[at] as Start;
    const adjacent = facts.sessionsOfStart[at] ?? [];
    const may = possible === undefined ? adjacent : (possible[i] ?? []);
    // It belongs to nobody whom we know: each session that would fit has another process.
    if (may.length === 0) continue;
    const named = may.slice(0, whoLimits.namedMax).map((s) => facts.execs[s] as Session);
    const isForced = isSettled && may.length === 1 && isOnlyOf(may[0] as number, i, possible);
    const doneBy = isForced
      ? known(named, adjacent.length === 1 && facts.edges[may[0] as number]?.length === 1)
      : ambiguous(named, isTooMany ? "too_many" : reasonOf(isSettled, may.length, possible));
    verdicts.set(start.key, { doneBy, settlesUs: isSettled ? null : settlesUs });
  }
}

function possibleOf(group: Group, facts: Facts): number[][] | undefined {
  const place = new Map(group.starts.map((start, i) => [start, i]));
  const edges = group.sessions.map((s) => (facts.edges[s] ?? []).map((start) => place.get(start) ?? 0));
  return possibleSessions(edges, group.starts.length)?.map((some) => some.map((s) => group.sessions[s] ?? 0));
}

/** Whether the session can have no other process than this one. */
function isOnlyOf(session: number, start: number, possible: number[][] | undefined): boolean {
  return possible?.every((some, i) => i === start || !some.includes(session)) ?? false;
}

function reasonOf(isSettled: boolean, sessions: number, possible: number[][] | undefined): DoneBy["reason"] {
  if (!isSettled) return "still_arriving";
  // Where a session's process is missing, each of them may be the one that has none.
  return sessions > 1 || possible === undefined ? "several_sessions" : "several_processes";
}

function known(sessions: Session[], isPlain: boolean): DoneBy {
  const isVague = sessions.some((one) => one.command === null || one.startedUs === null);
  return {
    how: "started",
    certainty: "known",
    confidence: isPlain && !isVague ? "high" : "medium",
    reason: isPlain ? "only_match" : "by_elimination",
    sessions: sessions.map((one) => one.told),
  };
}

function ambiguous(sessions: Session[], reason: DoneBy["reason"]): DoneBy {
  const told = sessions.map((one) => one.told);
  return { how: "started", certainty: "ambiguous", confidence: "low", reason, sessions: told };
}

/** An ephemeral container's name is its own for as long as its pod lives: its first process is of whoever added it. */
function judgeDebug(
  sessions: readonly Session[],
  starts: readonly Start[],
  facts: Pick<Facts, "heardUs" | "isWhole">,
  verdicts: Map<string, Verdict>,
): void {
  const debugs = sessions.filter((one) => one.kind === "debug");
  if (debugs.length === 0) return;
  for (const start of starts) {
    if (start.first === "no") continue;
    const adders = debugs.filter((one) => one.container === start.container && mayAdd(one, start));
    if (adders.length === 0) continue;
    verdicts.set(start.key, firstOf(start, adders, facts, verdicts.get(start.key)));
  }
}

/** `entered`: what is known of it if it is not the container's first process but one that a session began. */
function firstOf(
  start: Start,
  adders: Session[],
  { heardUs, isWhole }: Pick<Facts, "heardUs" | "isWhole">,
  entered: Verdict | undefined,
): Verdict {
  if (!isWhole) return { doneBy: ambiguous(adders, "too_many"), settlesUs: null };
  if (adders.length > 1) return { doneBy: ambiguous(adders, "several_sessions"), settlesUs: null };
  if (start.first === "yes") return { doneBy: known(adders, true), settlesUs: null };
  if (entered !== undefined) {
    const { reason, sessions } = entered.doneBy;
    const either = ambiguous(adders, reason === "still_arriving" ? reason : "several_sessions");
    either.sessions.push(...sessions.slice(0, whoLimits.namedMax - adders.length));
    return { doneBy: either, settlesUs: entered.settlesUs };
  }
  // One that came before it may still arrive.
  if (heardUs < start.timeUs) return { doneBy: ambiguous(adders, "still_arriving"), settlesUs: start.timeUs };
  return { doneBy: { ...known(adders, true), confidence: "medium" }, settlesUs: null };
}

function mayAdd(session: Session, start: Start): boolean {
  const { clockSkewUs, debugStartsWithinUs } = whoLimits;
  return start.timeUs >= session.receivedUs - clockSkewUs && start.timeUs <= session.receivedUs + debugStartsWithinUs;
}
