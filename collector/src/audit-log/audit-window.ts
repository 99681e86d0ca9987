import type { LogPlace } from "@atalaya/audit";
import { type CollectorReason, sideOf } from "@atalaya/wire";
import { collectorLimits } from "../limits.ts";

/** What became of the lines of one read, by reason. */
export type Outcomes = ReadonlyMap<CollectorReason, number>;
type Batch = { lastFrame: number; bytes: number; records: number; place: LogPlace; outcomes: Outcomes };

/** What was read of the log and is not yet on the publisher's disk, read by read. When it is full, reading stops: the file is the buffer. */
export class AuditWindow {
  readonly #batches: Batch[] = [];
  #sent = 0;
  #acknowledged = 0;
  #bytes = 0;

  /** `place` is behind what was read. */
  add(read: { frames: number; bytes: number; place: LogPlace; outcomes: Outcomes }): void {
    this.#sent += read.frames;
    this.#bytes += read.bytes;
    const records = [...read.outcomes].reduce(
      (sum, [reason, n]) => (sideOf("collector", reason) === "note" ? sum : sum + n),
      0,
    );
    this.#batches.push({ ...read, lastFrame: this.#sent, records });
  }

  /** The publisher has so many frames on disk, counted from the start. */
  acknowledged(frames: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, frames);
  }

  /** The reads that are complete by now, oldest first; each is given once. */
  settled(): Pick<Batch, "place" | "outcomes">[] {
    const settled: Batch[] = [];
    for (let first = this.#batches[0]; first !== undefined; first = this.#batches[0]) {
      if (first.lastFrame > this.#acknowledged) break;
      this.#batches.shift();
      this.#bytes -= first.bytes;
      settled.push(first);
    }
    return settled;
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }

  /** Records in it. */
  get pending(): number {
    return this.#batches.reduce((sum, one) => sum + one.records, 0);
  }

  get isFull(): boolean {
    const { auditWindowReadsMax, auditWindowBytesMax } = collectorLimits;
    return this.#batches.length >= auditWindowReadsMax || this.#bytes >= auditWindowBytesMax;
  }
}
