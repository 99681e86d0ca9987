import type { Addon } from "./addon.ts";

/** Waits for records without waking up in between: one wait at a time. */
export class RingWait {
  readonly #addon: Pick<Addon, "onFilled" | "waitFilled">;
  #then: (() => void) | undefined;
  #hasCaller = false;

  constructor(addon: Pick<Addon, "onFilled" | "waitFilled">) {
    this.#addon = addon;
  }

  /** As KernelSource's `whenFilled`. */
  begin(everyMs: number, atMostMs: number, then: () => void): void {
    if (!this.#hasCaller) this.#addon.onFilled(() => this.#wake());
    this.#hasCaller = true;
    this.#then = then;
    this.#addon.waitFilled(everyMs, atMostMs);
  }

  #wake(): void {
    const then = this.#then;
    this.#then = undefined;
    // On a turn of its own: what is thrown below a native call would be a warning, and nobody would look again.
    if (then !== undefined) setImmediate(then);
  }
}
