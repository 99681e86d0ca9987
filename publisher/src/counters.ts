/** What happened to frames and events, by name; only grows. Whatever is given up has a name here. */
export class Counters {
  readonly #values = new Map<string, number>();

  add(name: string, by = 1): void {
    this.#values.set(name, (this.#values.get(name) ?? 0) + by);
  }

  get(name: string): number {
    return this.#values.get(name) ?? 0;
  }

  entries(): Record<string, number> {
    return Object.fromEntries(this.#values);
  }
}
