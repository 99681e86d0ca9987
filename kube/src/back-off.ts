import { kubeLimits } from "./limits.ts";

/** How long to wait before the next try: full jitter over a doubling ceiling, so that clients do not come back in step. */
export class KubeBackOff {
  #failures = 0;
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  reset(): void {
    this.#failures = 0;
  }

  /** At least half of the ceiling: an API server in trouble is not asked again at once. */
  nextMs(): number {
    const ceiling = Math.min(kubeLimits.backOffMostMs, kubeLimits.backOffFirstMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 20);
    return Math.ceil(ceiling * (0.5 + this.#random() / 2));
  }
}
