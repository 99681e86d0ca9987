import { pipelineLimits } from "../core/limits.ts";

/** Requests that wait for news, bounded in all and for each node; whoever is too many is answered at once. */
export class HeldSyncs {
  readonly #held = new Map<string, Set<() => void>>();
  size = 0;
  refused = 0;
  #closed = false;

  /** Resolves when there is news for the key, after `waitMs`, when `signal` aborts, or when the hub stops. */
  wait(key: string, waitMs: number, signal: AbortSignal): Promise<void> {
    if (this.#closed || waitMs <= 0 || signal.aborted) return Promise.resolve();
    const own = this.#held.get(key) ?? new Set();
    if (this.size >= pipelineLimits.heldSyncsMax) {
      this.refused += 1;
      return Promise.resolve();
    }
    // A publisher that was killed leaves its request behind: the oldest makes room.
    if (own.size >= pipelineLimits.heldSyncsPerNodeMax) for (const end of [...own].slice(0, 1)) end();
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        if (!own.delete(end)) return;
        this.size -= 1;
        if (own.size === 0 && this.#held.get(key) === own) this.#held.delete(key);
        resolve();
      };
      const timer = setTimeout(end, waitMs);
      signal.addEventListener("abort", end, { once: true });
      own.add(end);
      this.#held.set(key, own);
      this.size += 1;
    });
  }

  wake(key: string): void {
    for (const end of [...(this.#held.get(key) ?? [])]) end();
  }

  wakeAll(): void {
    for (const key of [...this.#held.keys()]) this.wake(key);
  }

  close(): void {
    this.#closed = true;
    this.wakeAll();
  }
}
