import { type Account, summed } from "./account.ts";
import type { Counter } from "./kernel-record.ts";
import type { EarlierPrograms } from "./kernel-source.ts";
import { collectorLimits } from "./limits.ts";
import { OrderedDrain } from "./ordered-drain.ts";
import { RecordStream } from "./record-stream.ts";
import { Tally } from "./tally.ts";
import { Twins } from "./twins.ts";

type Phase =
  /** Both sets of programs watch. */
  | "overlap"
  /** The earlier ones are detached; their rings are read to the end. */
  | "emptying"
  /** All is read; the publisher has not acknowledged all of it yet. */
  | "settling"
  | "ended";

/** A program that ran while it was detached may still finish its record: so many looks must find nothing. */
const emptyLooks = 3;

/**
 * From the programs of another version, found at work, to our own, which watch already: what lies in the earlier rings
 * is handed on first, then the earlier programs go and their counters are carried over.
 */
export class Handover {
  readonly stream: RecordStream;
  readonly drain: OrderedDrain;
  readonly twins: Twins;
  readonly readable: boolean;
  /** What a record counts as that cannot be read. */
  readonly unreadable: "undecodable" | "layout_changed";
  readonly #programs: EarlierPrograms;
  readonly #startedMs = performance.now();
  #phase: Phase = "overlap";
  #looks = 0;

  /** `sinceUs`: since boot, before which the new programs cannot have seen anything. */
  constructor(programs: EarlierPrograms, sinceUs: number) {
    this.#programs = programs;
    this.stream = new RecordStream(programs);
    this.readable = programs.readable;
    this.unreadable = programs.sameLayout ? "undecodable" : "layout_changed";
    this.twins = new Twins(sinceUs);
    this.drain = new OrderedDrain(this.stream, collectorLimits.drainBytesMax);
  }

  /** While true, the earlier rings are read and our own wait: the order of what happened is kept. */
  get isReading(): boolean {
    return this.#phase === "overlap" || this.#phase === "emptying";
  }

  get isEmptying(): boolean {
    return this.#phase === "emptying";
  }

  get hasEnded(): boolean {
    return this.#phase === "ended";
  }

  /** Lets the earlier programs go once ours know what to let through. */
  detachWhen(hasPlan: boolean, nowUs: () => number): boolean {
    const isTime = hasPlan || performance.now() - this.#startedMs > collectorLimits.handoverPatienceMs;
    if (this.#phase !== "overlap" || !isTime) return false;
    // With the programs goes what the kernel knows of the runs that it left out.
    this.stream.save();
    this.#programs.detach();
    this.stream.save();
    this.twins.close(nowUs());
    this.#phase = "emptying";
    return true;
  }

  /** After a look at the rings. */
  looked(foundSome: boolean): void {
    if (this.#phase !== "emptying") return;
    this.#looks = foundSome ? 0 : this.#looks + 1;
    if (this.#looks >= emptyLooks) this.#phase = "settling";
  }

  /**
   * The life of the counters goes on where all of them can be read; of some other layouts they cannot, and what an account
   * that is lost would have said is not known.
   */
  get epoch(): string | undefined {
    return this.readable && !this.stream.accountLost ? this.stream.account.epoch : undefined;
  }

  /** When nothing of theirs waits any more: takes their counters into `account`. True when that was done now. */
  endInto(account: Account, waiting: { batches: number }): boolean {
    if (this.#phase !== "settling" || waiting.batches > 0) return false;
    account.fold(this.stream.ringId, this.counters());
    this.#phase = "ended";
    return true;
  }

  /** Removes the programs and their rings; after `endInto` was written down. */
  end(): void {
    this.#programs.end();
  }

  /** All that was counted of the earlier rings' records, by the kernel and by us. */
  counters(): Counter[] {
    const { tally, carried, figures } = this.stream.account;
    if (this.epoch !== undefined) {
      const unnamed = tally.letGoUnnamed();
      return summed([...carried, ...figures.list(), ...this.stream.counters(), ...unnamed, ...tally.list()]);
    }
    const unread = new Tally();
    if (!this.readable)
      for (const ring of ["lifecycle", "bulk"]) unread.add(ring, "layout_changed", tally.value(ring, "layout_changed"));
    return [...unread.letGoUnnamed(), ...unread.list()];
  }
}
