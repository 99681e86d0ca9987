import type { Container } from "./containers.ts";
import type { Counters } from "./counters.ts";
import type { Counter, KernelRecord, Task } from "./kernel-record.ts";
import { collectorLimits } from "./limits.ts";
import { ringOfKind } from "./node-counters.ts";
import type { ProcessTable } from "./process-table.ts";

type Parts = {
  table: ProcessTable;
  /** Every process that runs now. */
  snapshot: () => KernelRecord[];
  containerOf: (task: Task) => Container;
  figures: Counters;
};

const lostBy: ReadonlySet<string> = new Set(["ring_full", "scratch_busy", "missed", "unread", "undecodable"]);

/**
 * After records of processes' lives were lost, the table of processes is wrong. Then all that run are read anew, and put in
 * when the records from before that have been taken in: none of them is told with a program that was run only later.
 */
export class TableHealer {
  readonly #parts: Parts;
  #lost: number;
  #isWrong = false;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #pending: { records: readonly KernelRecord[]; takenUs: number } | undefined;

  /** `counters`: what was lost before needs no healing, the table is filled now. */
  constructor(parts: Parts, counters: readonly Counter[]) {
    this.#parts = parts;
    this.#lost = lostOf(counters);
  }

  /** To be called every second or two, with the kernel's counters. */
  look(counters: readonly Counter[], nowMs: number): void {
    const lost = lostOf(counters);
    this.#isWrong ||= lost > this.#lost;
    this.#lost = lost;
    if (!this.#isWrong || this.#pending !== undefined || nowMs - this.#lookedMs < collectorLimits.healMs) return;
    this.#lookedMs = nowMs;
    const records = this.#read();
    // Something runs always, we do: the table stays wrong, and is looked at again.
    if (records.length === 0) {
      this.#parts.figures.add("process", "table_unhealed");
      return;
    }
    this.#isWrong = false;
    const takenUs = records.reduce((latest, { bootUs }) => Math.max(latest, bootUs), 0);
    this.#pending = { records, takenUs };
  }

  /** None where the kernel does not give them now. */
  #read(): KernelRecord[] {
    try {
      return this.#parts.snapshot();
    } catch {
      return [];
    }
  }

  /** Before a record of that time is taken in; without a time, where the rings have nothing more to give. */
  caughtUp(bootUs = Number.POSITIVE_INFINITY): void {
    if (this.#pending === undefined || bootUs <= this.#pending.takenUs) return;
    const { table, containerOf, figures } = this.#parts;
    const { born, wrong } = table.heal(this.#pending.records);
    this.#pending = undefined;
    table.seedPlaces(born, containerOf);
    figures.add("process", "table_healed", wrong);
  }
}

/** Of processes' lives: what the kernel could not tell. */
function lostOf(counters: readonly Counter[]): number {
  return counters
    .filter((one) => lostBy.has(one.reason) && (one.class === "lifecycle" || ringOfKind[one.class] === "lifecycle"))
    .reduce((sum, { value }) => sum + value, 0);
}
