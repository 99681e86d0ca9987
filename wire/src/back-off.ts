export type BackOffLimits = {
  firstMs: number;
  mostMs: number;
  /** The part of the ceiling that is waited in any case: 0 for full jitter. */
  least: number;
};

/**
 * How long to wait before the next try: jitter over a doubling ceiling
 * (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015), so that many do not come back in step.
 */
export class BackOff {
  #failures = 0;
  readonly #limits: BackOffLimits;
  readonly #random: () => number;

  constructor(limits: BackOffLimits, random: () => number = Math.random) {
    this.#limits = limits;
    this.#random = random;
  }

  reset(): void {
    this.#failures = 0;
  }

  nextMs(): number {
    const { firstMs, mostMs, least } = this.#limits;
    const ceiling = Math.min(mostMs, firstMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 20);
    return Math.ceil(ceiling * (least + this.#random() * (1 - least)));
  }
}
