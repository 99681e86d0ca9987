import { classByNumber, type Resume, rings } from "@atalaya/wire/framing";
import { limits } from "../limits.ts";
import type { FrameHead } from "./frame-head.ts";

/** Bytes of a stream's name: boot id (16), layout hash (8), class, ring, as in a frame's header. */
export const streamNameBytes = 26;

/**
 * How far each class of each ring was taken. A collector's rings live until the machine starts anew or their layout
 * changes, so there are a few streams at a time; those that were not heard of for longest are forgotten.
 */
export class StreamTable {
  readonly #positions = new Map<string, number>();

  /** True when all of the frame was taken before. */
  has(head: FrameHead): boolean {
    return head.stream !== "" && (this.#positions.get(head.stream) ?? -1) >= head.lastPosition;
  }

  /** The sensor's reports are numbered by the collector, not by a ring: they may start again, so they are left out. */
  static follows(head: FrameHead): boolean {
    return head.stream !== "" && head.ring !== rings.sensor;
  }

  set(stream: string, position: number): void {
    const known = this.#positions.get(stream) ?? -1;
    this.#positions.delete(stream);
    this.#positions.set(stream, Math.max(known, position));
    if (this.#positions.size <= limits.streamsMax) return;
    const [oldest] = this.#positions.keys();
    if (oldest !== undefined) this.#positions.delete(oldest);
  }

  merge(streams: Iterable<readonly [string, number]>): void {
    for (const [stream, position] of streams) this.set(stream, position);
  }

  entries(): [string, number][] {
    return [...this.#positions];
  }

  /** As a collector is told. */
  streams(): Resume["streams"] {
    return this.entries().map(([name, lastPosition]) => {
      const bytes = Buffer.from(name, "latin1");
      return {
        bootId: bytes.toString("hex", 0, 16),
        layoutHash: bytes.toString("hex", 16, 24),
        class: classByNumber(bytes[24] as number) ?? "unknown",
        ring: bytes[25] as number,
        lastPosition,
      };
    });
  }
}
