import { readFileSync } from "node:fs";

/** A process that cannot be confused with a later one of the same number: pid and start time in clock ticks since boot. */
export type ProcessIdentity = { pid: number; start: string };

/** Who runs as `pid` now; undefined when nobody does. */
export function processIdentity(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name, in parentheses, may hold anything: fields are counted after its last parenthesis (proc(5): 22 is starttime).
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state, start] = [fields[0], fields[19]];
    return state === "Z" || start === undefined ? undefined : { pid, start };
  } catch {
    return undefined;
  }
}

export function isAlive(identity: ProcessIdentity): boolean {
  return processIdentity(identity.pid)?.start === identity.start;
}
