import assert from "node:assert/strict";
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
  /** Drained, and goes with what is handed over next. */
  #gathered: Batch["of"] = null;
  #sent = 0;
  #acknowledged = 0;
  #bytes = 0;

  /** What was drained of a stream: settled with what is handed over next. Streams are not mixed in it. */
  gather(stream: RecordStream, tally: Tally, upTo: RingPositions): void {
    const gathered = this.#gathered;
    if (gathered === null) this.#gathered = { stream, tally, upTo };
    else {
      assert(gathered.stream === stream, "what was gathered of another stream is to be handed over first");
      gathered.tally.fold(tally);
      gathered.upTo = upTo;
    }
  }

  get isGathering(): boolean {
    return this.#gathered !== null;
  }

  /** So much was handed over: what was gathered, or else what came from no ring (a report). */
  add(parcels: number, bytes: number): void {
    this.#sent += parcels;
    this.#bytes += bytes;
    this.#batches.push({ lastParcel: this.#sent, bytes, of: this.#gathered });
    this.#gathered = null;
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

  /** Whether everything that was drained has been acknowledged. */
  get isSettled(): boolean {
    return this.#gathered === null && this.#acknowledged >= this.#sent;
  }

  get isFull(): boolean {
    const parcels = this.#sent - this.#acknowledged;
    return parcels >= collectorLimits.windowFramesMax || this.#bytes >= collectorLimits.windowBytesMax;
  }

  /** What waits of a stream: batches, and their records. */
  of(stream: RecordStream): { batches: number; tally: Tally } {
    const waiting = { batches: 0, tally: new Tally() };
    for (const of of [...this.#batches.map((batch) => batch.of), this.#gathered]) {
      if (of === null || of.stream !== stream) continue;
      waiting.batches += 1;
      waiting.tally.fold(of.tally);
    }
    return waiting;
  }
}
