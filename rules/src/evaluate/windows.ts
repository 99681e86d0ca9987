import { createHash } from "node:crypto";
import { ruleLimits } from "../limits.ts";

type Window = {
  /** Value -> time of its latest event. For event_count every event is its own value. */
  values: Map<string, number>;
  /** The latest time that any event of the window had. */
  newest: number;
  /** Nothing fires before this time: it has fired, and once a window is enough. */
  quietUntil: number;
  serial: number;
};

export type WindowCounters = { opened: number; evicted: number; late: number; fired: number };

/** A long value is remembered by its hash: an attacker chooses how long values are. */
export function remembered(text: string): string {
  if (text.length <= ruleLimits.windowValueCharsMax) return text;
  return `sha256:${createHash("sha256").update(text).digest("base64url")}`;
}

/**
 * The windows of one `correlate:` rule. A window is one group's values of the last `timespan`: it fires when there are
 * `gte` of them, and then is quiet for one timespan. Events may arrive out of order within the timespan. Both the number
 * of windows and what all of them remember are bounded: the window that was touched longest ago goes first.
 */
export class Windows {
  readonly counters: WindowCounters = { opened: 0, evicted: 0, late: 0, fired: 0 };
  readonly #windows = new Map<string, Window>();
  readonly #spanUs: number;
  readonly #gte: number;
  #remembered = 0;

  constructor(spanUs: number, gte: number) {
    this.#spanUs = spanUs;
    this.#gte = gte;
  }

  /**
   * Counts one event. `value` is undefined for event_count. Gives the count when the window fires, else 0.
   * `timeUs` null: the event carries no time, and counts as the window's newest.
   */
  add(key: string, value: string | undefined, timeUs: number | null): number {
    const window = this.#touched(remembered(key));
    const time = timeUs ?? window.newest;
    if (time <= window.newest - this.#spanUs) {
      this.counters.late += 1;
      return 0;
    }
    window.newest = Math.max(window.newest, time);
    this.#note(window, value === undefined ? `#${window.serial++}` : remembered(value), time);
    if (window.values.size < this.#gte) return 0;
    this.#forgetOld(window);
    const count = window.values.size;
    if (count < this.#gte) return 0;
    if (window.newest < window.quietUntil) {
      this.#forgetOldest(window);
      return 0;
    }
    window.quietUntil = window.newest + this.#spanUs;
    this.#remembered -= count;
    window.values.clear();
    this.counters.fired += 1;
    return count;
  }

  #touched(key: string): Window {
    const known = this.#windows.get(key);
    if (known !== undefined) {
      // Last in the map's order again: the first is the one to evict.
      this.#windows.delete(key);
      this.#windows.set(key, known);
      return known;
    }
    const fresh = { values: new Map<string, number>(), newest: 0, quietUntil: 0, serial: 0 };
    this.#windows.set(key, fresh);
    this.counters.opened += 1;
    while (this.#windows.size > ruleLimits.windowsMax || this.#remembered > ruleLimits.windowValuesMax) this.#evict();
    return fresh;
  }

  #evict(): void {
    const [oldest] = this.#windows;
    if (oldest === undefined) return;
    this.#remembered -= oldest[1].values.size;
    this.#windows.delete(oldest[0]);
    this.counters.evicted += 1;
  }

  #note(window: Window, value: string, time: number): void {
    const before = window.values.get(value);
    if (before === undefined) this.#remembered += 1;
    window.values.set(value, Math.max(before ?? 0, time));
  }

  #forgetOld(window: Window): void {
    const from = window.newest - this.#spanUs;
    for (const [value, time] of window.values) {
      if (time > from) continue;
      window.values.delete(value);
      this.#remembered -= 1;
    }
  }

  /** While it is quiet, the newest `gte` values are enough to know whether it fires again. */
  #forgetOldest(window: Window): void {
    while (window.values.size > this.#gte) {
      let oldest: [string, number] | undefined;
      for (const entry of window.values) if (oldest === undefined || entry[1] < oldest[1]) oldest = entry;
      if (oldest === undefined) return;
      window.values.delete(oldest[0]);
      this.#remembered -= 1;
    }
  }
}
