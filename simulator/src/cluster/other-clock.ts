import { limits } from "../limits.ts";

/**
 * The attacker's clock as seen from here. Its stamps arrive late by the way of the log, never early, so the smallest
 * difference of all is nearest to that of the clocks. Clocks that agree to a second are taken for the same one: the
 * log's delay is of that size, and nothing is won by guessing.
 */
export class OtherClock {
  #leastUs = Number.POSITIVE_INFINITY;

  /** A stamp of the other clock arrived at `hereUs`. */
  note(stampUs: number, hereUs: number): void {
    this.#leastUs = Math.min(this.#leastUs, hereUs - stampUs);
  }

  /** How far our clock is ahead of the other, in microseconds; 0 where they agree. */
  get aheadUs(): number {
    const least = this.#leastUs;
    if (!Number.isFinite(least)) return 0;
    return least < 0 || least > limits.clockDifferenceUs ? least : 0;
  }

  /** A time of the other clock in ours. */
  toHere(stampUs: number): number {
    return stampUs + this.aheadUs;
  }
}
