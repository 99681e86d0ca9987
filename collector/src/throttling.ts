import { classOfKind, type ThrottledWhere } from "@atalaya/wire";
import type { Counter } from "./kernel-record.ts";
import type { ThrottledGroup } from "./kernel-source.ts";
import { collectorLimits } from "./limits.ts";

type Named = ThrottledWhere & { grewMs: number };

/** Who is over his budget, in words: the control groups of the kernel's map as containers, for the sensor's report. */
export class Throttling {
  readonly #groups: () => ThrottledGroup[];
  readonly #nameOf: (group: ThrottledGroup) => string;
  /** What each group's count was when last looked at. */
  #known: Map<string, number>;
  readonly #named = new Map<string, Named>();
  #total = 0;

  constructor(groups: () => ThrottledGroup[], nameOf: (group: ThrottledGroup) => string) {
    this.#groups = groups;
    this.#nameOf = nameOf;
    // What an earlier process has told of.
    this.#known = new Map(groups().map((one) => [keyOf(one), one.value]));
  }

  /** To be called every second or two, with the kernel's counters: the map is read only where they have grown. */
  look(counters: readonly Counter[], nowMs: number): void {
    for (const [key, { grewMs }] of this.#named) {
      if (nowMs - grewMs > collectorLimits.throttledMs) this.#named.delete(key);
    }
    const total = counters.filter((one) => one.reason === "throttled").reduce((sum, { value }) => sum + value, 0);
    if (total === this.#total) return;
    this.#total = total;
    const groups = this.#groups();
    for (const group of groups) {
      const before = this.#known.get(keyOf(group)) ?? 0;
      // Less than before: the kernel had forgotten the group meanwhile.
      const grown = group.value < before ? group.value : group.value - before;
      if (grown > 0) this.#grew(group, grown, nowMs);
    }
    this.#known = new Map(groups.map((one) => [keyOf(one), one.value]));
  }

  #grew(group: ThrottledGroup, grown: number, nowMs: number): void {
    const of = classOfKind(group.class);
    const where = this.#nameOf(group);
    const key = `${of} ${where}`;
    const value = (this.#named.get(key)?.value ?? 0) + grown;
    this.#named.set(key, { class: of, where, value, grewMs: nowMs });
  }

  /** Those of the last minute with most first: how many of their events were not told since they began. */
  list(): ThrottledWhere[] {
    return [...this.#named.values()]
      .sort((a, b) => b.value - a.value)
      .slice(0, collectorLimits.throttledMax)
      .map(({ class: of, where, value }) => ({ class: of, where, value }));
  }
}

function keyOf({ cgroupIdV2, cgroupIdV1, class: of }: ThrottledGroup): string {
  return `${cgroupIdV2} ${cgroupIdV1} ${of}`;
}
