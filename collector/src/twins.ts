import type { KernelRecord } from "./kernel-record.ts";
import { collectorLimits } from "./limits.ts";

type Times = { us: number[]; from: number };

/**
 * While two sets of programs watch, each sees what happens then: a record of the new set whose process, kind and time
 * (within a millisecond: both read the clock, one a moment after the other) were seen by the old one is its twin.
 */
export class Twins {
  readonly #seen = new Map<string, Times>();
  readonly #sinceUs: number;
  #count = 0;
  #untilUs = Number.POSITIVE_INFINITY;

  /** What happened before `sinceUs` (since boot) can have no twin: the new programs were not there. */
  constructor(sinceUs: number) {
    this.#sinceUs = sinceUs;
  }

  /** The old set is detached: what happens later than `nowUs` since boot has no twin. */
  close(nowUs: number): void {
    this.#untilUs = nowUs + collectorLimits.twinsGraceUs;
  }

  /** Remembers a record of the old set. */
  remember(record: KernelRecord): void {
    if (record.bootUs < this.#sinceUs || this.#count >= collectorLimits.twinsMax) return;
    const key = keyOf(record);
    const times = this.#seen.get(key);
    if (times === undefined) this.#seen.set(key, { us: [record.bootUs], from: 0 });
    else times.us.push(record.bootUs);
    this.#count += 1;
  }

  /** True where a record of the new set is the twin of one that was remembered; each is met once, in their order. */
  meets(record: KernelRecord): boolean {
    if (this.#seen.size === 0) return false;
    if (record.bootUs > this.#untilUs) {
      this.#seen.clear();
      return false;
    }
    const key = keyOf(record);
    const times = this.#seen.get(key);
    if (times === undefined) return false;
    const { us } = times;
    while (times.from < us.length && (us[times.from] as number) < record.bootUs - collectorLimits.twinDistanceUs) {
      times.from += 1;
    }
    const isTwin = (us[times.from] ?? Number.POSITIVE_INFINITY) <= record.bootUs + collectorLimits.twinDistanceUs;
    if (isTwin) times.from += 1;
    if (times.from >= us.length) this.#seen.delete(key);
    return isTwin;
  }
}

/** What is for the flight recorder alone has twins of its own. */
function keyOf({ kind, task, forRecorder }: KernelRecord): string {
  return `${kind} ${task.pid} ${task.startUs} ${forRecorder === true}`;
}
