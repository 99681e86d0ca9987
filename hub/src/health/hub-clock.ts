/** Notices that the hub's own clock was set, by the monotonic one that nobody sets. */
export class HubClock {
  readonly #jumpUs: number;
  #offsetUs: number | undefined;
  #jumpedMs = Number.NEGATIVE_INFINITY;

  constructor(jumpUs: number) {
    this.#jumpUs = jumpUs;
  }

  /** By how much the clock was set since the last look; 0 when it was not. */
  look(wallMs: number, monotonicMs: number): number {
    const offsetUs = (wallMs - monotonicMs) * 1_000;
    const moved = this.#offsetUs === undefined ? 0 : offsetUs - this.#offsetUs;
    this.#offsetUs = offsetUs;
    if (Math.abs(moved) < this.#jumpUs) return 0;
    this.#jumpedMs = monotonicMs;
    return Math.round(moved);
  }

  jumpedWithin(ms: number, monotonicMs: number): boolean {
    return monotonicMs - this.#jumpedMs < ms;
  }
}
