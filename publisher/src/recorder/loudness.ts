import { limits } from "../limits.ts";

/** Tells containers apart that record more in a minute than a fair share, by the bytes of their frames. */
export class Loudness {
  readonly #bytesMax: number;
  readonly #bytes = new Map<string, number>();
  #minute = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Counts a frame; true where its container has had its share of this minute. */
  isLoud(containerId: string, bytes: number, nowMs: number): boolean {
    const minute = Math.floor(nowMs / 60_000);
    if (minute !== this.#minute) this.#bytes.clear();
    this.#minute = minute;
    const sum = (this.#bytes.get(containerId) ?? 0) + bytes;
    // Beyond so many containers a new one is loud: nobody makes room by making containers.
    if (!this.#bytes.has(containerId) && this.#bytes.size >= limits.recorder.containersMax) return true;
    this.#bytes.set(containerId, sum);
    return sum > this.#bytesMax;
  }
}
