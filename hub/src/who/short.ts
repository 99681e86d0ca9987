import type { DoneBy, DoneByShort } from "@atalaya/wire";
import { whoLimits } from "./limits.ts";

/** What a list shows: whoever started it, else who was attached, else who was connected. Undefined where nobody is known. */
export function shortOf(doneBy: readonly DoneBy[]): DoneByShort | undefined {
  for (const how of ["started", "attached", "connected"] as const) {
    const some = doneBy.filter((one) => one.how === how);
    if (some.length === 0) continue;
    const users = new Set(some.flatMap((one) => one.sessions.map(({ user }) => user)));
    const certainty = some.every((one) => one.certainty === "known") ? "known" : "ambiguous";
    return { users: [...users].slice(0, whoLimits.namedMax), how, certainty };
  }
  return undefined;
}

/** The same said twice is said once. */
export function distinct(doneBy: readonly DoneBy[]): DoneBy[] {
  const byText = new Map(doneBy.map((one) => [JSON.stringify(one), one]));
  return [...byText.values()].slice(0, whoLimits.namedMax);
}
