import { createHash } from "node:crypto";
import type { WindowRow } from "../contract.ts";
import { ruleLimits } from "../limits.ts";
import { readWindow, type WindowContent, writeWindow } from "./window-text.ts";

export type Window = WindowContent & {
  scope: string;
  key: string;
  /** When it was last written or restored, by the caller's clock: a window that nobody touches ends by it. */
  touchedUs: number;
  /** Whose window it is, and the row of the log that holds it. */
  owner: Windows;
  row: number;
};
/** A window that a batch changed, as it was and as it is; undefined where there was or is none. */
export type WindowEdit = {
  scope: string;
  key: string;
  before: string | undefined;
  was: Window | undefined;
  is: Window | undefined;
};
type Noted = { scope: string; key: string; before: string | undefined; was: Window | undefined };

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
  /** What windows were before the batch that goes on; undefined where nobody writes them down. */
  readonly #noted: Map<string, Noted> | undefined;
  /** The newest time that each scope's events had in its latest batch: how far the senders' clocks are. */
  readonly #clocks = new Map<string, { batch: number; timeUs: number }>();
  #batch = 0;
  #remembered = 0;
  /** The rule that this counts for, with a hash of what it counts. */
  readonly rule: string;
  /** Set when the rule is gone. */
  ended = false;
  /** What the window that fired last held, as far as it is shown, oldest first. */
  lastFired: readonly string[] = [];

  constructor(spanUs: number, gte: number, journaled = false, rule = "") {
    this.rule = rule;
    this.#spanUs = spanUs;
    this.#gte = gte;
    this.#noted = journaled ? new Map() : undefined;
  }

  get size(): number {
    return this.#windows.size;
  }

  /**
   * Counts one event. `value` is undefined for event_count. Gives the count when the window fires, else 0.
   * `timeUs` null: the event carries no time, and counts as the window's newest.
   */
  add(key: string, value: string | undefined, timeUs: number | null, scope = ""): number {
    const window = this.#touched(scope, remembered(key));
    const time = timeUs ?? window.newest;
    if (time <= window.newest - this.#spanUs) {
      this.counters.late += 1;
      return 0;
    }
    window.newest = Math.max(window.newest, time);
    if (this.#noted !== undefined) this.#tick(scope, time);
    this.#noteValue(window, value === undefined ? `#${window.serial++}` : remembered(value), time);
    if (window.values.size < this.#gte) return 0;
    this.#forgetOld(window);
    const count = window.values.size;
    if (count < this.#gte) return 0;
    if (window.newest < window.quietUntil) {
      this.#forgetOldest(window);
      return 0;
    }
    window.quietUntil = window.newest + this.#spanUs;
    this.lastFired = value === undefined ? [] : [...window.values.keys()].slice(-ruleLimits.windowValuesShownMax);
    this.#remembered -= count;
    window.values.clear();
    this.counters.fired += 1;
    return count;
  }

  #touched(scope: string, key: string): Window {
    const name = nameOf(scope, key);
    const known = this.#windows.get(name);
    this.#note(name, scope, key, known);
    if (known !== undefined) {
      // Last in the map's order again: the first is the one to evict.
      this.#windows.delete(name);
      this.#windows.set(name, known);
      return known;
    }
    const empty = { values: new Map<string, number>(), newest: 0, quietUntil: 0, serial: 0 };
    const fresh: Window = { scope, key, touchedUs: 0, owner: this, row: 0, ...empty };
    this.#windows.set(name, fresh);
    this.counters.opened += 1;
    while (this.#windows.size > ruleLimits.windowsMax || this.#remembered > ruleLimits.windowValuesMax) this.#evict();
    return fresh;
  }

  /** Notes what a window is before the first change of a batch. */
  #note(name: string, scope: string, key: string, window: Window | undefined): void {
    if (this.#noted === undefined || this.#noted.has(name)) return;
    this.#noted.set(name, { scope, key, before: window === undefined ? undefined : writeWindow(window), was: window });
  }

  #tick(scope: string, timeUs: number): void {
    const clock = this.#clocks.get(scope);
    if (clock === undefined) this.#clocks.set(scope, { batch: this.#batch, timeUs });
    else {
      clock.timeUs = clock.batch === this.#batch ? Math.max(clock.timeUs, timeUs) : timeUs;
      clock.batch = this.#batch;
    }
  }

  #evict(): void {
    const [oldest] = this.#windows;
    if (oldest === undefined) return;
    this.#remove(oldest[0], oldest[1]);
    this.counters.evicted += 1;
  }

  #remove(name: string, window: Window): void {
    this.#note(name, window.scope, window.key, window);
    this.#remembered -= window.values.size;
    this.#windows.delete(name);
  }

  #noteValue(window: Window, value: string, time: number): void {
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

  /** What changed since the last call. */
  takeEdits(nowUs: number): WindowEdit[] {
    if (this.#noted === undefined || this.#noted.size === 0) return [];
    const edits: WindowEdit[] = [];
    for (const [name, noted] of this.#noted) {
      const is = this.#windows.get(name);
      if (is !== undefined) is.touchedUs = nowUs;
      if (is !== undefined || noted.was !== undefined) edits.push({ ...noted, is });
    }
    this.#noted.clear();
    this.#batch += 1;
    if (this.#clocks.size > ruleLimits.windowsMax) this.#clocks.clear();
    return edits;
  }

  /** Whether a window can still count; one that cannot is forgotten. */
  keeps(window: Window, nowUs: number): boolean {
    const name = nameOf(window.scope, window.key);
    if (this.ended || this.#windows.get(name) !== window) return false;
    const clock = this.#clocks.get(window.scope);
    const past = clock !== undefined && clock.timeUs - window.newest > this.#spanUs + ruleLimits.windowLateUsMax;
    if (!past && nowUs - window.touchedUs <= this.#spanUs + ruleLimits.windowIdleUsMax) return true;
    this.#remembered -= window.values.size;
    this.#windows.delete(name);
    return false;
  }

  /** Puts windows back as they were: after a restart (oldest first), or when a batch was not written down. */
  restore(rows: readonly Pick<WindowRow, "scope" | "key" | "state" | "idleUs">[], nowUs: number): Window[] {
    const restored: Window[] = [];
    for (const { scope, key, state, idleUs } of rows) {
      const name = nameOf(scope, key);
      const there = this.#windows.get(name);
      if (there !== undefined) this.#remembered -= there.values.size;
      this.#windows.delete(name);
      const content = state === undefined ? undefined : readWindow(state);
      if (content === undefined) continue;
      const window: Window = { scope, key, touchedUs: nowUs - idleUs, owner: this, row: 0, ...content };
      this.#windows.set(name, window);
      this.#remembered += content.values.size;
      restored.push(window);
    }
    while (this.#windows.size > ruleLimits.windowsMax || this.#remembered > ruleLimits.windowValuesMax) this.#evict();
    return restored;
  }

  /** Has windows written down with the next batch, whether it changes them or not. */
  writeAgain(window: Window): void {
    const name = nameOf(window.scope, window.key);
    if (this.#windows.get(name) === window) this.#note(name, window.scope, window.key, window);
  }
}

/** No two pairs have the same name: a sender chooses what its node is called. */
function nameOf(scope: string, key: string): string {
  return `${scope.length}:${scope}${key}`;
}
