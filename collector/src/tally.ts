import { classOfRecordKind } from "@atalaya/wire";
import type { Counter } from "./kernel-record.ts";

/** What becomes of a record that was drained: each ends in exactly one of these (ledger.ts, hop `collector`). */
export const outcomes = [
  "handed_on",
  "recorded",
  "absorbed",
  "deduplicated",
  "undecodable",
  "unencodable",
  "layout_changed",
] as const;
export type Outcome = (typeof outcomes)[number];

const kinds = Object.keys(classOfRecordKind);
const kindNumbers = new Map(kinds.map((kind, number) => [kind, number]));
const outcomeNumbers = new Map(outcomes.map((outcome, number) => [outcome, number]));

/** Records by kind and outcome. A batch's tally is a few hundred bytes and adding to it allocates nothing. */
export class Tally {
  readonly #values = new Float64Array(kinds.length * outcomes.length);

  /** `kind` is a record's, or the ring's name where the record could not be read. */
  add(kind: string, outcome: Outcome, count = 1): void {
    const at = slot(kind, outcome);
    this.#values[at] = (this.#values[at] as number) + count;
  }

  fold(other: Tally): void {
    for (let i = 0; i < this.#values.length; i++) {
      this.#values[i] = (this.#values[i] as number) + (other.#values[i] as number);
    }
  }

  value(kind: string, outcome: Outcome): number {
    return this.#values[slot(kind, outcome)] as number;
  }

  /** All records of a kind, whatever became of them. */
  total(kind: string): number {
    const first = slot(kind, outcomes[0]);
    let sum = 0;
    for (let at = first; at < first + outcomes.length; at++) sum += this.#values[at] as number;
    return sum;
  }

  list(): Counter[] {
    const counters: Counter[] = [];
    let at = 0;
    for (const kind of kinds) {
      for (const reason of outcomes) {
        const value = this.#values[at++] as number;
        if (value > 0) counters.push({ class: kind, reason, value });
      }
    }
    return counters;
  }

  /**
   * Records of no kind that the kernel counts under a name of ours (a later build's, which left them in its rings): what became of
   * them stands under their ring, and so does that it let them go.
   */
  letGoUnnamed(): Counter[] {
    return (["lifecycle", "bulk"] as const).flatMap((ring) => {
      const value = this.total(ring);
      return value === 0 ? [] : ["attempted", "submitted"].map((reason) => ({ class: ring, reason, value }));
    });
  }

  /** Takes what is an outcome of a known kind; gives the rest back. */
  static from(counters: readonly Counter[]): { tally: Tally; rest: Counter[] } {
    const tally = new Tally();
    const rest: Counter[] = [];
    for (const counter of counters) {
      const known = kindNumbers.has(counter.class) && isOutcome(counter.reason);
      if (known) tally.add(counter.class, counter.reason as Outcome, counter.value);
      else rest.push(counter);
    }
    return { tally, rest };
  }
}

function isOutcome(reason: string): reason is Outcome {
  return outcomeNumbers.has(reason as Outcome);
}

function slot(kind: string, outcome: Outcome): number {
  const number = kindNumbers.get(kind);
  if (number === undefined) throw new RangeError(`the ledger does not know records of kind ${kind}`);
  return number * outcomes.length + (outcomeNumbers.get(outcome) as number);
}
