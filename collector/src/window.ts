import type { RingPositions } from "./account.ts";
import { collectorLimits } from "./limits.ts";
import type { RecordStream } from "./record-stream.ts";
import { Tally } from "./tally.ts";

/** What one drain of a stream became, until the publisher has it on disk. */
type Batch = {
  lastParcel: number;
  bytes: number;
  of: { stream: RecordStream; tally: Tally; upTo: RingPositions } | null;
};

/**
 * What was handed on and not yet acknowledged. A ring's space is given back only when all that was made of it has been
 * acknowledged; when too much waits here, draining stops, the ring fills, and the kernel counts what it drops.
 */
export class Window {
  readonly #batches: Batch[] = [];
  #sent = 0;
  #acknowledged = 0;
  #bytes = 0;

  /** `of` is null for what came from no ring (a report). */
  add(parcels: number, bytes: number, of: Batch["of"]): void {
    this.#sent += parcels;
    this.#bytes += bytes;
    this.#batches.push({ lastParcel: this.#sent, bytes, of });
    this.acknowledged(0);
  }

  /** The publisher has so many parcels on disk, counted from the start: settles what is complete by that. */
  acknowledged(parcels: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, parcels);
    const reached = new Map<RecordStream, RingPositions>();
    while (this.#batches[0] !== undefined && this.#batches[0].lastParcel <= this.#acknowledged) {
      const { bytes, of } = this.#batches.shift() as Batch;
      this.#bytes -= bytes;
      if (of === null) continue;
      of.stream.account.tally.fold(of.tally);
      reached.set(of.stream, of.upTo);
    }
    for (const [stream, upTo] of reached) stream.settle(upTo);
  }

  /** Whether everything handed on has been acknowledged. */
  get isSettled(): boolean {
    return this.#acknowledged >= this.#sent;
  }

  get isFull(): boolean {
    const parcels = this.#sent - this.#acknowledged;
    return parcels >= collectorLimits.windowFramesMax || this.#bytes >= collectorLimits.windowBytesMax;
  }

  /** What waits of a stream: batches, and their records. */
  of(stream: RecordStream): { batches: number; tally: Tally } {
    const waiting = { batches: 0, tally: new Tally() };
    for (const { of } of this.#batches) {
      if (of === null || of.stream !== stream) continue;
      waiting.batches += 1;
      waiting.tally.fold(of.tally);
    }
    return waiting;
  }
}
