import type { CollectorReason } from "@atalaya/wire";
import type { Counter } from "./kernel-record.ts";

/** Counts of the user side, per class and reason; they only grow. */
export class Counters {
  readonly #values = new Map<string, Counter>();

  /** `from` is what was counted before. */
  constructor(from: readonly Counter[] = []) {
    for (const { class: of, reason, value } of from) this.#put(of, reason, value);
  }

  add(of: string, reason: CollectorReason, value = 1): void {
    this.#put(of, reason, value);
  }

  #put(of: string, reason: string, value: number): void {
    if (value === 0) return;
    const key = `${of} ${reason}`;
    const known = this.#values.get(key);
    if (known === undefined) this.#values.set(key, { class: of, reason, value });
    else known.value += value;
  }

  value(of: string, reason: string): number {
    return this.#values.get(`${of} ${reason}`)?.value ?? 0;
  }

  list(): Counter[] {
    return [...this.#values.values()];
  }
}
