import { type LedgerCounter, type LedgerHop, sideOf } from "@atalaya/wire";
import { pipelineLimits } from "../core/limits.ts";
import { CounterSum } from "./counter-sum.ts";

/** The last that is known of one life of a reporter's counters. */
export type Epoch = {
  name: string;
  counters: readonly LedgerCounter[];
  /** It was said that nothing comes after these. */
  final: boolean;
  /** Layout hashes of the frames that it counts. */
  streams: readonly string[];
  /** By the reporter's clock. */
  saidUs: number;
};
export type StoredBook = { epochs: Epoch[]; folded: LedgerCounter[]; unreported: number; hasUnreported: boolean };
export type Said = Omit<Epoch, "streams"> & { streams?: readonly string[] };

const nothing: StoredBook = { epochs: [], folded: [], unreported: 0, hasUnreported: false };

/**
 * What one reporter of a node (its collector, its publisher) counted, by epoch: counters only grow within one, and
 * start again with the next. The newest epoch goes on; an earlier one may still get a report that was on its way.
 * Beyond the limit the oldest are folded into sums.
 */
export class EpochBook {
  readonly #hops: readonly LedgerHop[];
  #epochs: Epoch[];
  readonly #folded: CounterSum;
  /** Of folded epochs, as the ledger's `unreported`. */
  unreported: number;
  #hasUnreported: boolean;

  constructor(hops: readonly LedgerHop[], stored: StoredBook = nothing) {
    this.#hops = hops;
    this.#epochs = [...stored.epochs];
    this.#folded = new CounterSum(stored.folded);
    this.unreported = stored.unreported;
    this.#hasUnreported = stored.hasUnreported;
  }

  /** Whether any epoch ended without a last report. */
  get hasUnreported(): boolean {
    return this.#hasUnreported || this.closed.some((epoch) => !epoch.final);
  }

  get current(): Epoch | undefined {
    return this.#epochs.at(-1);
  }

  get all(): readonly Epoch[] {
    return this.#epochs;
  }

  /** Ended ones that are still kept apart. */
  get closed(): readonly Epoch[] {
    return this.#epochs.slice(0, -1);
  }

  /** Takes a report; false for one that a newer overtook. Gives a new epoch when the report starts one. */
  take(said: Said): { taken: boolean; isNew: boolean } {
    const at = this.#epochs.findIndex((epoch) => epoch.name === said.name);
    const known = this.#epochs[at];
    if (known === undefined) {
      this.#epochs.push({ ...said, streams: [...(said.streams ?? [])] });
      return { taken: true, isNew: true };
    }
    if (said.saidUs <= known.saidUs && this.#shrank(known, said)) return { taken: false, isNew: false };
    const streams = [...new Set([...known.streams, ...(said.streams ?? [])])].slice(-pipelineLimits.epochStreamsMax);
    this.#epochs[at] = { ...said, final: said.final || known.final, streams };
    return { taken: true, isNew: false };
  }

  /** Whether a count went back: a clock that was set back tells nothing of which of two reports is older. */
  #shrank(known: Epoch, said: Said): boolean {
    const before = new CounterSum(known.counters);
    return said.counters.some(({ class: name, reason, value }) => {
      return reason !== "pending" && value < before.value(name, reason);
    });
  }

  /** The oldest epoch when there are too many; folding it is the caller's, who knows what was committed of it. */
  get overdue(): Epoch | undefined {
    return this.#epochs.length > pipelineLimits.epochsMax ? this.#epochs[0] : undefined;
  }

  fold(epoch: Epoch, unreported: number): void {
    this.#epochs = this.#epochs.filter((one) => one !== epoch);
    for (const counter of withoutPending(epoch.counters)) this.#folded.add(counter);
    this.unreported += unreported;
    this.#hasUnreported ||= !epoch.final;
  }

  /** All epochs' counters; what was pending at the end of an ended one is no longer on its way. */
  counters(): LedgerCounter[] {
    const ended = this.closed.flatMap((epoch) => withoutPending(epoch.counters));
    return [...this.#folded.list(), ...ended, ...(this.current?.counters ?? [])];
  }

  /** What was pending when an epoch ended without a last report, by class. */
  leftPending(): LedgerCounter[] {
    const unclosed = this.closed.filter((epoch) => !epoch.final);
    return unclosed.flatMap((epoch) => epoch.counters.filter(({ reason }) => reason === "pending"));
  }

  /** Everything lost by name, over all epochs. */
  lost(): CounterSum {
    const sum = new CounterSum();
    for (const counter of this.counters()) {
      const { reason } = counter;
      if (this.#hops.every((hop) => sideOf(hop, reason) === "lost")) sum.add(counter);
    }
    return sum;
  }

  stored(): StoredBook {
    return {
      epochs: this.#epochs,
      folded: this.#folded.list(),
      unreported: this.unreported,
      hasUnreported: this.#hasUnreported,
    };
  }
}

function withoutPending(counters: readonly LedgerCounter[]): LedgerCounter[] {
  return counters.filter(({ reason }) => reason !== "pending");
}
