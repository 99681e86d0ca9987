import type { Counter } from "../kernel-record.ts";
import type { MissedProgram } from "../kernel-source.ts";
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
 * with the program: what was counted of one that is gone, or loaded anew, is kept here, and in the account for the next process.
 */
export class MissedRuns {
  readonly #addon: Pick<Addon, "missed">;
  readonly #seen = new Map<string, { now: number; before: number; kind: string }>();

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

  /** What was known of them when an earlier process wrote it down; the programs that hang were looked at since. */
  goOn(kept: readonly MissedProgram[]): void {
    for (const [program, kind, last, before] of kept) {
      const now = this.#seen.get(program)?.now ?? 0;
      // Of a program that is there no more, or was loaded anew, the kernel does not say what was.
      this.#seen.set(program, { now, before: now < last ? before + last : before, kind });
    }
  }

  /** To be written down for the next process. */
  get kept(): MissedProgram[] {
    return [...this.#seen].map(([program, { now, before, kind }]) => [program, kind, now, before]);
  }

  /** By kind of record: each may have been one, so it was attempted, and is lost. */
  counters(): Counter[] {
    return [...this.#seen.values()].flatMap(({ now, before, kind }) =>
      ["attempted", "missed"].map((reason) => ({ class: kind, reason, value: now + before })),
    );
  }
}
