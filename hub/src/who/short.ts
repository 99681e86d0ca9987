import type { DoneBy, DoneByShort } from "@atalaya/wire";
import { whoLimits } from "./limits.ts";

/**
 * What is said of an alert as a whole, by what is said of each of its lines (`leftOut`: how many it has beyond those).
 * A name is known of the alert only where every line has a known one: else it is the name of a part, and the rest may be anybody's.
 */
export function ofAlert(lines: readonly (readonly DoneBy[])[], leftOut: number): DoneBy[] {
  const isKnownOfAll = (how: DoneBy["how"]) =>
    leftOut === 0 && lines.every((line) => line.some((one) => one.how === how && one.certainty === "known"));
  const all = lines.flat().map((one) => (one.certainty === "ambiguous" || isKnownOfAll(one.how) ? one : partly(one)));
  return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
}

function partly(one: DoneBy): DoneBy {
  return { ...one, certainty: "ambiguous", confidence: "low", reason: "part_of_alert" };
}

/** What a list shows: whoever started it, else who was attached, else who was connected. Undefined where nobody is known. */
export function shortOf(doneBy: readonly DoneBy[]): DoneByShort | undefined {
  for (const how of ["started", "attached", "connected"] as const) {
    const some = doneBy.filter((one) => one.how === how);
    if (some.length === 0) continue;
    const users = new Set(some.flatMap((one) => one.sessions.map(({ user }) => user)));
    const isKnown = some.every((one) => one.certainty === "known") && users.size <= whoLimits.namedMax;
    return { users: [...users].slice(0, whoLimits.namedMax), how, certainty: isKnown ? "known" : "ambiguous" };
  }
  return undefined;
}
