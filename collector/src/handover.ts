import { type Account, summed } from "./account.ts";
import type { Counter } from "./kernel-record.ts";
import type { EarlierPrograms } from "./kernel-source.ts";
import { collectorLimits } from "./limits.ts";
import { OrderedDrain } from "./ordered-drain.ts";
import { RecordStream } from "./record-stream.ts";
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
  readonly #programs: EarlierPrograms;
  readonly #startedMs = performance.now();
  #phase: Phase = "overlap";
  #looks = 0;

  /** `sinceUs`: since boot, before which the new programs cannot have seen anything. */
  constructor(programs: EarlierPrograms, sinceUs: number) {
    this.#programs = programs;
    this.stream = new RecordStream(programs);
    this.readable = programs.readable;
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
    this.#programs.detach();
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

  /** When nothing of theirs waits any more: removes them, with their counters in `account`. True when that was done now. */
  endInto(account: Account, waiting: number): boolean {
    if (this.#phase !== "settling" || waiting > 0) return false;
    if (!this.stream.accountLost) account.fold(this.stream.ringId, this.counters());
    this.#phase = "ended";
    return true;
  }

  /** Removes the programs and their rings; after `endInto` was written down. */
  end(): void {
    this.#programs.end();
  }

  /** All that was counted of the earlier rings' records, by the kernel and by us. */
  counters(): Counter[] {
    const { account } = this.stream;
    const kernel = this.stream.counters().filter((one) => one.reason !== "malformed");
    return summed([...account.carried, ...kernel, ...this.#outcomes(kernel)]);
  }

  /** Where records cannot be read we know how many they were; of which kind the kernel has counted. */
  #outcomes(kernel: readonly Counter[]): Counter[] {
    const { tally } = this.stream.account;
    const unread = tally.value("lifecycle", "layout_changed") + tally.value("bulk", "layout_changed");
    if (unread === 0) return tally.list();
    const byKind = kernel
      .filter((one) => one.reason === "submitted")
      .map(({ class: of, value }) => ({ class: of, reason: "layout_changed", value: value - tally.total(of) }))
      .filter((one) => one.value > 0);
    if (byKind.reduce((sum, one) => sum + one.value, 0) !== unread) return tally.list();
    return [...tally.list().filter((one) => one.reason !== "layout_changed"), ...byKind];
  }
}
