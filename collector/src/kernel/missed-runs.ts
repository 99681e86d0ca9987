import type { Counter } from "../kernel-record.ts";
import type { Addon } from "./addon.ts";
import type { recordKind } from "./layout.ts";
import { programPlans } from "./programs.ts";

type Kind = keyof typeof recordKind;

/** What the programs of an object write, or most of it. */
const kindOfObject: Readonly<Record<string, Kind>> = {
  life: "exec",
  block: "exec",
  cgroup: "cgroup_mkdir",
  open: "open",
  "open-slow": "open",
  uring: "open",
  map: "map",
  refused: "exec_failed",
  net: "connect",
  failed: "connect_failed",
  dns: "dns_query",
  "dns-answer": "dns_answer",
  socket: "socket",
  call: "call",
  watch: "sensor_signal",
  change: "change",
  moved: "change",
};

/** The kind of an object's programs, wherever they hang (`open-fexit` is `open`); undefined for those that write into no ring. */
export const kindOf = (object: string): Kind | undefined => kindOfObject[object.replace(/-(fexit|ia32)$/, "")];

/**
 * How often the kernel left a program out because the same program was at work on that processor already. Its own figure goes
 * with the program: what was counted of one that is loaded anew stays, for as long as this process.
 */
export class MissedRuns {
  readonly #addon: Pick<Addon, "missed">;
  readonly #seen = new Map<string, { now: number; before: number; kind: Kind }>();

  constructor(addon: Pick<Addon, "missed">) {
    this.#addon = addon;
  }

  /** Asks the kernel of one; gives how many there are in all. */
  look(program: string, object: string): number {
    const kind = kindOf(object);
    if (kind === undefined) return 0;
    const now = this.#addon.missed(program);
    const last = this.#seen.get(program) ?? { now: 0, before: 0, kind };
    const before = now < last.now ? last.before + last.now : last.before;
    if (now + before > 0) this.#seen.set(program, { now, before, kind });
    return now + before;
  }

  /** All that are pinned by now: those that are not there have none to tell. */
  lookAtAll(): void {
    for (const { program, object } of programPlans) this.look(program, object);
  }

  /** By kind of record: each may have been one, so it was attempted, and is lost. */
  counters(): Counter[] {
    return [...this.#seen.values()].flatMap(({ now, before, kind }) =>
      ["attempted", "missed"].map((reason) => ({ class: kind, reason, value: now + before })),
    );
  }
}
