import type { TamperedWith } from "@atalaya/wire";
import type { Tampered } from "./kernel-source.ts";
import { collectorLimits } from "./limits.ts";

/**
 * Looks now and then whether the sensor's programs still hang where they were hung, and whether their pins are there. What was
 * taken is put back by the look, and counted: whoever does that wants not to be seen.
 */
export class SelfWatch {
  readonly #look: () => Tampered;
  readonly #counts = new Map<string, TamperedWith>();
  #lookedMs: number;

  constructor(look: () => Tampered, nowMs: number) {
    this.#look = look;
    this.#lookedMs = nowMs;
  }

  /** To be called every second or two. */
  look(nowMs: number): void {
    if (nowMs - this.#lookedMs < collectorLimits.selfWatchMs) return;
    this.#lookedMs = nowMs;
    const { detached, unpinned } = this.#look();
    for (const object of detached) this.#add("detached", object);
    for (const object of unpinned) this.#add("unpinned", object);
  }

  #add(what: TamperedWith["what"], object: string): void {
    const key = `${what} ${object}`;
    const known = this.#counts.get(key);
    if (known !== undefined) known.value += 1;
    else this.#counts.set(key, { what, object, value: 1 });
  }

  /** How often each was, since this process runs. As many as there are programs and maps, at most. */
  list(): TamperedWith[] {
    return [...this.#counts.values()].map((one) => ({ ...one }));
  }
}
