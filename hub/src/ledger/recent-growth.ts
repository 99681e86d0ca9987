/** By how much a figure that only grows has grown within a window of time; the clock is the monotonic one. */
export class RecentGrowth {
  readonly #windowMs: number;
  readonly #stepMs: number;
  #samples: { atMs: number; value: number }[] = [];

  constructor(windowMs: number, steps = 30) {
    this.#windowMs = windowMs;
    this.#stepMs = windowMs / steps;
  }

  add(value: number, nowMs = performance.now()): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && nowMs - last.atMs < this.#stepMs) return;
    this.#samples.push({ atMs: nowMs, value });
    // One sample from before the window stays: growth is measured from it.
    while ((this.#samples[1]?.atMs ?? nowMs) < nowMs - this.#windowMs) this.#samples.shift();
  }

  /** From the window's start to `value`, which is the figure now. */
  growth(value: number): number {
    return Math.max(0, value - (this.#samples[0]?.value ?? value));
  }
}
