import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import type { FilterPlan } from "@atalaya/wire";
import type { KernelRecord } from "./kernel-record.ts";
import { type KernelSource, placeOf } from "./kernel-source.ts";
import { collectorLimits } from "./limits.ts";

/** What the heartbeat asks for, and nobody has: it is watched as the names of rules are. */
export const heartbeatName = "atalaya-heartbeat";

/** What must be seen of a beat: that it was started, and what it asked for. */
export type Sight = "exec" | "open";

/**
 * The sensor proves to itself that it sees. Now and then a small program of its own is started, which asks for a file that is
 * not there, under a word that nobody knows before; both must come back through hooks, filters and rings. What was detached,
 * filtered by somebody else, or read away, stays out without a trace of any other kind.
 */
export class Heartbeat {
  readonly #start: (word: string) => void;
  readonly #seen = new Set<Sight>();
  /** How many beats in a row each was not seen of. */
  readonly #unseen = new Map<Sight, number>();
  #word: string | undefined;
  #beatMs = Number.NEGATIVE_INFINITY;
  #beats = 0;

  constructor(start: (word: string) => void) {
    this.#start = start;
  }

  /** To be called every second or two, as `look`: `expected` is asked for only when it is time for a beat. */
  lookIfDue(nowMs: number, expected: () => readonly Sight[]): void {
    if (this.#isDue(nowMs)) this.look(nowMs, expected());
  }

  /** Judges the last beat when it is time for the next. `expected` is what is hooked. */
  look(nowMs: number, expected: readonly Sight[]): void {
    if (!this.#isDue(nowMs)) return;
    for (const sight of ["exec", "open"] as const) {
      const isUnseen = this.#word !== undefined && expected.includes(sight) && !this.#seen.has(sight);
      this.#unseen.set(sight, isUnseen ? (this.#unseen.get(sight) ?? 0) + 1 : 0);
    }
    this.#seen.clear();
    this.#beatMs = nowMs;
    this.#beats += 1;
    this.#word = randomBytes(8).toString("hex");
    try {
      this.#start(this.#word);
    } catch {
      this.failed();
    }
  }

  #isDue(nowMs: number): boolean {
    return nowMs - this.#beatMs >= collectorLimits.heartbeatMs;
  }

  /** The program could not be started: nothing is to be seen of it. */
  failed(): void {
    this.#word = undefined;
  }

  /** True where it is what the heartbeat asked for, which is nobody's news. */
  meet(record: KernelRecord): boolean {
    if (this.#word === undefined) return false;
    if (record.kind === "exec" && record.argv[1] === "beat" && record.argv[2] === this.#word) this.#seen.add("exec");
    const isAsked = record.kind === "open_failed" || record.kind === "open";
    const isOurs = isAsked && record.path === `/${this.#word}/${heartbeatName}`;
    if (isOurs) this.#seen.add("open");
    return isOurs;
  }

  /** For the sensor's report. One beat may be lost to a full ring, which is told elsewhere: two in a row are missed. */
  state(): { beats: number; missed: Sight[] } {
    const missed = [...this.#unseen].filter(([, times]) => times >= 2).map(([sight]) => sight);
    return { beats: this.#beats, missed };
  }
}

/** What there are hooks for, so that a beat must be seen of it; of opens only where a plan asks for the heartbeat's file. */
export function sightsOf(programs: KernelSource["programs"], hasPlan: boolean): Sight[] {
  const runs = (...names: string[]) => programs.some((one) => one.attached && names.includes(placeOf(one.name)));
  const sights: Sight[] = runs("process_exec") ? ["exec"] : [];
  if (hasPlan && runs("exit_openat", "exit_openat_slow")) sights.push("open");
  return sights;
}

/** The plan, with what the heartbeat asks for: of the host, whose its program may be. */
export function withHeartbeat(plan: FilterPlan): FilterPlan {
  const isOther = (kind: string) => kind !== "file.open_failed";
  const [unasked, containers_only] = [plan.unasked.filter(isOther), plan.containers_only.filter(isOther)];
  return { ...plan, open_names: [...plan.open_names, heartbeatName], unasked, containers_only };
}

/** A heartbeat by the program of that path (native/healthy.c). `failed` is told when it cannot be started. */
export function heartbeatBy(program: string, failed: () => void): Heartbeat {
  const heartbeat = new Heartbeat((word) => {
    const child = spawn(program, ["beat", word], { stdio: "ignore", env: {} });
    child.on("error", () => {
      heartbeat.failed();
      failed();
    });
  });
  return heartbeat;
}
