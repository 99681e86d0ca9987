import { pipelineLimits } from "./limits.ts";

/** Counts a second over the last whole seconds. */
export class Rate {
  readonly #buckets = new Array<number>(pipelineLimits.rateWindowS + 1).fill(0);
  #second = 0;

  #turn(nowMs: number): number {
    const second = Math.floor(nowMs / 1_000);
    const steps = Math.min(second - this.#second, this.#buckets.length);
    for (let i = 0; i < steps; i++) this.#buckets[(second - i) % this.#buckets.length] = 0;
    if (second > this.#second) this.#second = second;
    return this.#second % this.#buckets.length;
  }

  add(n: number, nowMs = Date.now()): void {
    const at = this.#turn(nowMs);
    this.#buckets[at] = (this.#buckets[at] ?? 0) + n;
  }

  perSecond(nowMs = Date.now()): number {
    const running = this.#turn(nowMs);
    const sum = this.#buckets.reduce((total, n, at) => total + (at === running ? 0 : n), 0);
    return Math.round((sum / (this.#buckets.length - 1)) * 10) / 10;
  }
}

/** The p99 of values seen within the last minute; the oldest go when there are too many. */
export class RecentP99 {
  #samples: { atMs: number; value: number }[] = [];

  add(value: number, nowMs = Date.now()): void {
    this.#samples.push({ atMs: nowMs, value });
    if (this.#samples.length > pipelineLimits.behindSamplesMax)
      this.#samples = this.#samples.slice(-pipelineLimits.behindSamplesMax / 2);
  }

  value(nowMs = Date.now()): number {
    this.#samples = this.#samples.filter((sample) => sample.atMs > nowMs - 60_000);
    const sorted = this.#samples.map((sample) => sample.value).sort((a, b) => a - b);
    return sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0;
  }
}
