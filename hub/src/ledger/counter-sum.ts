import type { LedgerCounter } from "@atalaya/wire";
import { pipelineLimits } from "../core/limits.ts";

/**
 * Sums of counters by class and reason. Names come from outside: they are only ever keys of a Map, and where there are
 * too many of them, which no part of ours makes, the rest is summed up under one.
 */
export class CounterSum {
  readonly #values = new Map<string, LedgerCounter>();
  readonly #other: LedgerCounter = { class: "other", reason: "other", value: 0 };

  constructor(counters: Iterable<LedgerCounter> = []) {
    for (const counter of counters) this.add(counter);
  }

  add({ class: name, reason, value }: LedgerCounter): void {
    const key = `${name}\n${reason}`;
    const known = this.#values.get(key);
    if (known !== undefined) known.value += value;
    else if (this.#values.size < pipelineLimits.counterNamesMax) this.#values.set(key, { class: name, reason, value });
    else this.#other.value += value;
  }

  value(name: string, reason: string): number {
    return this.#values.get(`${name}\n${reason}`)?.value ?? 0;
  }

  list(): LedgerCounter[] {
    return this.#other.value === 0 ? [...this.#values.values()] : [...this.#values.values(), this.#other];
  }
}
