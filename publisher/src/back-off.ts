import { limits } from "./limits.ts";

/**
 * How long to wait before the next try: full jitter over a doubling ceiling
 * (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015), so that nodes do not come back in step.
 */
export class BackOff {
  #failures = 0;
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  reset(): void {
    this.#failures = 0;
  }

  nextMs(): number {
    const ceiling = Math.min(limits.backOffMostMs, limits.backOffFirstMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 20);
    return Math.ceil(this.#random() * ceiling);
  }
}
