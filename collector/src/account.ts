import { randomBytes } from "node:crypto";
import * as z from "zod";
import { Counters } from "./counters.ts";
import type { Counter } from "./kernel-record.ts";
import { accountBytesMax, type MissedProgram } from "./kernel-source.ts";
import { Tally } from "./tally.ts";

const count = z.number().nonnegative();
const countersSchema = z.array(z.tuple([z.string().max(32), z.string().max(48), count])).max(512);

// Written whole into a pinned map after every acknowledgement: JSON of some hundred bytes, at most `accountBytesMax`.
const accountSchema = z.object({
  format: z.literal(1),
  epoch: z.string().min(1).max(64),
  accounted: z.object({ lifecycle: count, bulk: count }),
  filters: count,
  tally: countersSchema,
  carried: countersSchema,
  figures: countersSchema.default([]),
  missed: z
    .array(z.tuple([z.string().max(32), z.string().max(32), count, count]))
    .max(256)
    .default([]),
  folded: z.array(z.string().max(16)).max(8),
});

export type RingPositions = { lifecycle: number; bulk: number };

/**
 * What has become of the records of one pair of rings: up to which position they are settled, and into what. It lives
 * as long as the rings, whoever reads them: kept beside them in a pinned map.
 */
export class Account {
  /** Names the life of the counters. */
  epoch: string;
  /** Per ring: everything below is in `tally`, whether or not the ring's space has been given back yet. */
  readonly accounted: RingPositions;
  readonly tally: Tally;
  /** The version of the filter plan that the kernel side holds; it does so as long as the rings are there. */
  filters: number;
  /** What is counted beside the records (a `note` of ledger.ts). */
  readonly figures: Counters;
  /** What the kernel tells of programs that may be gone by the next process. */
  missed: MissedProgram[];
  /** Counters of earlier rings under the same epoch, the kernel's and the user side's. */
  #carried: Counter[];
  /** Earlier rings whose counters are in `carried`. */
  readonly #folded: string[];

  private constructor(parts: z.infer<typeof accountSchema>) {
    this.epoch = parts.epoch;
    this.accounted = parts.accounted;
    this.filters = parts.filters;
    const { tally, rest } = Tally.from(fromTuples(parts.tally));
    this.tally = tally;
    this.#carried = [...fromTuples(parts.carried), ...rest];
    this.figures = new Counters(fromTuples(parts.figures));
    this.missed = parts.missed;
    this.#folded = parts.folded;
  }

  static fresh(epoch: string = randomBytes(8).toString("hex")): Account {
    const accounted = { lifecycle: 0, bulk: 0 };
    const nothing = { tally: [], carried: [], figures: [], missed: [], folded: [] };
    return new Account({ format: 1, epoch, accounted, filters: 0, ...nothing });
  }

  /** Undefined where the bytes are no account of a version that we know. */
  static parse(bytes: Buffer): Account | undefined {
    try {
      return new Account(accountSchema.parse(JSON.parse(bytes.toString("utf8"))));
    } catch {
      return undefined;
    }
  }

  get carried(): readonly Counter[] {
    return this.#carried;
  }

  hasFolded(ringId: string): boolean {
    return this.#folded.includes(ringId);
  }

  /** Takes over the last counters of rings that end, so that the node's figures do not go back. */
  fold(ringId: string, counters: readonly Counter[]): void {
    // Most reasons never happen to most kinds, and there is little room.
    this.#carried = summed([...this.#carried, ...counters]).filter(({ value }) => value > 0);
    this.#folded.push(ringId);
    if (this.#folded.length > 8) this.#folded.shift();
  }

  bytes(): Buffer {
    const text = JSON.stringify({
      format: 1,
      epoch: this.epoch,
      accounted: this.accounted,
      filters: this.filters,
      tally: this.tally.list().map(toTuple),
      carried: this.#carried.map(toTuple),
      figures: this.figures.list().map(toTuple),
      missed: this.missed,
      folded: this.#folded,
    });
    const bytes = Buffer.from(text);
    if (bytes.length > accountBytesMax) throw new RangeError(`an account of ${bytes.length} bytes`);
    return bytes;
  }
}

/** One counter a class and reason. */
export function summed(counters: readonly Counter[]): Counter[] {
  const sums: Counter[] = [];
  // By class, then by reason: to put the two together for a key would be most of the work, some hundred times a second.
  const classes = new Map<string, Map<string, Counter>>();
  for (const { class: of, reason, value } of counters) {
    let reasons = classes.get(of);
    if (reasons === undefined) {
      reasons = new Map();
      classes.set(of, reasons);
    }
    const known = reasons.get(reason);
    if (known !== undefined) known.value += value;
    else {
      const sum = { class: of, reason, value };
      reasons.set(reason, sum);
      sums.push(sum);
    }
  }
  return sums;
}

function toTuple({ class: of, reason, value }: Counter): [string, string, number] {
  return [of, reason, value];
}

function fromTuples(tuples: readonly (readonly [string, string, number])[]): Counter[] {
  return tuples.map(([of, reason, value]) => ({ class: of, reason, value }));
}
