import type { LedgerCounter } from "@atalaya/wire";

/** Sums of counters by class and reason. Names come from outside and are only ever keys of a Map. */
export class CounterSum {
  readonly #values = new Map<string, LedgerCounter>();

  constructor(counters: Iterable<LedgerCounter> = []) {
    for (const counter of counters) this.add(counter);
  }

  add({ class: name, reason, value }: LedgerCounter): void {
    const key = `${name}\n${reason}`;
    const known = this.#values.get(key);
    if (known === undefined) this.#values.set(key, { class: name, reason, value });
    else known.value += value;
  }

  value(name: string, reason: string): number {
    return this.#values.get(`${name}\n${reason}`)?.value ?? 0;
  }

  list(): LedgerCounter[] {
    return [...this.#values.values()];
  }
}
