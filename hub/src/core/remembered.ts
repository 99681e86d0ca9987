import { pipelineLimits } from "./limits.ts";

/** Remembers what was read by key, the oldest going first; what changes is forgotten by whoever changes it. */
export class Remembered<V> {
  readonly #values = new Map<string, V>();
  #changes = 0;

  /** Gives what is remembered, else what `read` finds; not kept when something was forgotten in the meantime. */
  async get(key: string, read: () => Promise<V | undefined>): Promise<V | undefined> {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const before = this.#changes;
    const value = await read();
    if (value === undefined || before !== this.#changes) return value;
    this.#values.set(key, value);
    if (this.#values.size > pipelineLimits.secretsCachedMax) {
      const [oldest] = this.#values.keys();
      if (oldest !== undefined) this.#values.delete(oldest);
    }
    return value;
  }

  /** Forgets every value that fits: before the change is written and once more after. */
  forget(is: (value: V, key: string) => boolean): void {
    this.#changes += 1;
    for (const [key, value] of this.#values) if (is(value, key)) this.#values.delete(key);
  }
}
