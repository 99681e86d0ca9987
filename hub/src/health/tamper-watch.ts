import type { SensorReport } from "@atalaya/wire";

export type Tampering = { what: string; objects: string[]; count: number };

/** Follows what one sensor says that others did to it: each report tells what it was since that sensor's start. */
export class TamperWatch {
  #startedUs = 0;
  #known = new Map<string, number>();

  /** What is new in a report, one a kind. */
  heard({ started_us, tampered = [] }: Pick<SensorReport, "started_us" | "tampered">): Tampering[] {
    const before = this.#startedUs === started_us ? this.#known : new Map<string, number>();
    const fresh = new Map<string, Tampering>();
    for (const { what, object, value } of tampered) {
      const grown = value - (before.get(`${what} ${object}`) ?? 0);
      if (grown <= 0) continue;
      const one = fresh.get(what) ?? { what, objects: [], count: 0 };
      one.objects.push(object);
      one.count += grown;
      fresh.set(what, one);
    }
    this.#startedUs = started_us;
    this.#known = new Map(tampered.map(({ what, object, value }) => [`${what} ${object}`, value]));
    return [...fresh.values()];
  }
}
