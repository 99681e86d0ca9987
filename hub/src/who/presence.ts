import type { DoneBy, PodSession } from "@atalaya/wire";
import { whoLimits } from "./limits.ts";
import type { Session, Window } from "./session.ts";

/** A line of processes that raised an alert, and when. */
export type Line = {
  container: string | null;
  firstUs: number;
  lastUs: number;
  /** How it came into its container, as far as that was seen; `first_seen`: perhaps as its first process. */
  origin: "first" | "first_seen" | "entered" | "unknown";
  /** When the process began with which it came in; undefined where that is not kept. */
  beganUs?: number | undefined;
};

/** Sessions of one kind; not whole where there were more at that time than are looked through. */
export type Read = { sessions: readonly Session[]; isWhole: boolean };

/** What there is to know of who was there: what is kept of both kinds, and what was said earlier of sessions that are not kept any more. */
export type Presence = { attach: Read; forward: Read; forgotten: readonly DoneBy[] };

/**
 * Who was there without starting anything: `attach` reaches the container's own first process and what comes from it;
 * a forwarded port reaches whoever listens in the pod.
 */
export function presentAt({ attach, forward, forgotten }: Presence, line: Line): DoneBy[] {
  if (line.origin === "entered") return [];
  const attached = attach.sessions.filter((one) => mayBeAttached(one, line));
  const isSure = line.origin === "first";
  return [
    ...present("attached", { ...attach, sessions: attached }, line, forgotten, isSure),
    ...present("connected", forward, line, forgotten, false),
  ];
}

/** Nobody is attached to what began when the runtime had long answered: a pod before it had the same name. */
function mayBeAttached({ container, receivedUs, startedUs }: Session, line: Line): boolean {
  const { openedWithinUs, startsWithinUs, clockSkewUs } = whoLimits;
  const answeredUs = (startedUs ?? receivedUs + openedWithinUs) + startsWithinUs + clockSkewUs;
  if (line.beganUs !== undefined && line.beganUs > answeredUs) return false;
  return container === null || container === line.container;
}

function present(
  how: DoneBy["how"],
  { sessions, isWhole }: Read,
  line: Line,
  forgotten: readonly DoneBy[],
  isSure: boolean,
): DoneBy[] {
  const open = sessions.filter((one) => isOpenDuring(one, line));
  const earlier = forgotten.filter((one) => one.how === how);
  const told = [...earlier.flatMap((one) => one.sessions), ...open.map((one) => one.told)];
  if (told.length === 0) return [];
  const isOne = new Set(told.map(personOf)).size === 1;
  const isVague = earlier.some((one) => one.certainty === "ambiguous") || open.some((one) => mayHaveEnded(one, line));
  const isKnown = isSure && isOne && isWhole && !isVague;
  return [
    {
      how,
      certainty: isKnown ? "known" : "ambiguous",
      confidence: isKnown ? "medium" : "low",
      reason: isWhole ? "present" : "too_many",
      sessions: told.slice(-whoLimits.namedMax),
    },
  ];
}

const personOf = ({ user, acting_as }: PodSession): string => JSON.stringify([user, acting_as ?? null]);

/** When a session must have been open, at the API server's clock, to have been there during the line. */
export function openDuring({ firstUs, lastUs }: Pick<Line, "firstUs" | "lastUs">): Window {
  return { fromUs: firstUs - whoLimits.clockSkewUs, toUs: lastUs + whoLimits.clockSkewUs };
}

function isOpenDuring({ receivedUs, startedUs, endedUs }: Session, line: Line): boolean {
  const { fromUs, toUs } = openDuring(line);
  return (startedUs ?? receivedUs) <= toUs && (endedUs ?? Number.POSITIVE_INFINITY) >= fromUs;
}

/** Of a session that nobody has heard of for so long, the record of its end may be lost. */
function mayHaveEnded({ receivedUs, endedUs }: Session, { lastUs }: Line): boolean {
  return endedUs === null && lastUs - receivedUs > whoLimits.sessionKeptUs;
}
