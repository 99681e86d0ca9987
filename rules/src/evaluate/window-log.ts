import { ruleLimits } from "../limits.ts";
import { writeWindow } from "./window-text.ts";
import type { Window, WindowEdit } from "./windows.ts";

/** The windows whose last entry is in the row, with the entry's length. */
type Row = { windows: Map<Window, number>; chars: number };

/** A row to write, with the rows that it makes needless; and how to go on when it was not written. */
export type LogEntry = { row: number; text: string; dropUpTo: number; undo(nowUs: number): void };

/**
 * The windows of one workspace as a log: a batch adds one row with what it changed, whatever the number of windows
 * (a row a window cost a third of the hub's throughput). What counts is a window's last entry.
 *
 *     row   7  | a b c |      b was written again in 9, c's time is past
 *           8  | d     |
 *           9  | b e   |  ->  10 | f  a |   a is carried over, row 7 goes
 *
 * The oldest row goes when its windows can count no more, or the log has become much longer than what is live in it:
 * what is live is carried over into the row that is being made.
 */
export class WindowLog {
  readonly #rows = new Map<number, Row>();
  #next = 1;
  #chars = 0;
  #live = 0;

  /** Windows that a row on disk holds already. */
  adopt(row: number, windows: readonly Window[]): void {
    const at = this.#row(row);
    for (const window of windows) this.#put(at, row, window, writeWindow(window).length);
    this.#next = Math.max(this.#next, row + 1);
  }

  #row(row: number): Row {
    const known = this.#rows.get(row);
    if (known !== undefined) return known;
    const made: Row = { windows: new Map(), chars: 0 };
    this.#rows.set(row, made);
    return made;
  }

  #put(at: Row, row: number, window: Window, chars: number): void {
    window.row = row;
    at.windows.set(window, chars);
    at.chars += chars;
    this.#chars += chars;
    this.#live += chars;
  }

  #take(window: Window | undefined): void {
    if (window === undefined) return;
    const windows = this.#rows.get(window.row)?.windows;
    this.#live -= windows?.get(window) ?? 0;
    windows?.delete(window);
  }

  /** The row that says what a batch changed; undefined when it changed nothing. */
  write(edits: readonly WindowEdit[], nowUs: number): LogEntry | undefined {
    if (edits.length === 0) return undefined;
    const row = this.#next++;
    const at = this.#row(row);
    const flat: (string | null)[] = [];
    for (const { scope, key, was, is } of edits) {
      this.#take(was);
      const rule = (is ?? was)?.owner.rule ?? "";
      const state = is === undefined ? null : writeWindow(is);
      flat.push(rule, scope, key, state);
      if (is === undefined || state === null) continue;
      this.#take(is);
      this.#put(at, row, is, state.length);
    }
    const dropUpTo = this.#clean(row, at, flat, Math.max(edits.length * 2, ruleLimits.windowsCarriedMin), nowUs);
    const undo = (laterUs: number) => this.#undo(row, edits, laterUs);
    return { row, text: JSON.stringify(flat), dropUpTo, undo };
  }

  /** Lets the oldest rows go, some windows at a time. Gives the newest row that is needless now, -1 for none. */
  #clean(row: number, at: Row, flat: (string | null)[], budget: number, nowUs: number): number {
    let dropUpTo = -1;
    let left = budget;
    for (const [oldest, { windows }] of this.#rows) {
      if (oldest === row || left <= 0 || !(this.#isLong() || hasEnded(windows, nowUs))) break;
      left -= windows.size;
      this.#forget(oldest);
      for (const window of windows.keys()) {
        if (!window.owner.keeps(window, nowUs)) continue;
        const state = writeWindow(window);
        flat.push(window.owner.rule, window.scope, window.key, state);
        this.#put(at, row, window, state.length);
      }
      dropUpTo = oldest;
    }
    return dropUpTo;
  }

  #isLong(): boolean {
    return this.#rows.size > ruleLimits.windowLogRowsMax || this.#chars > ruleLimits.windowLogCharsMin + 2 * this.#live;
  }

  #forget(row: number): Row | undefined {
    const known = this.#rows.get(row);
    if (known === undefined) return undefined;
    this.#rows.delete(row);
    this.#chars -= known.chars;
    for (const chars of known.windows.values()) this.#live -= chars;
    return known;
  }

  /** The row was not written: windows are as before it, and whatever it held is written with the next batch. */
  #undo(row: number, edits: readonly WindowEdit[], nowUs: number): void {
    const lost = this.#forget(row);
    for (const { scope, key, before, was, is } of edits) {
      const owner = (is ?? was)?.owner;
      const restored = owner?.restore([{ scope, key, state: before, idleUs: 0 }], nowUs) ?? [];
      for (const window of restored) owner?.writeAgain(window);
    }
    for (const window of lost?.windows.keys() ?? []) window.owner.writeAgain(window);
  }
}

/** Whether a row is worth little: nothing in it, or its first window, which stands for the others of its time, has ended. */
function hasEnded(windows: ReadonlyMap<Window, number>, nowUs: number): boolean {
  for (const window of windows.keys()) return !window.owner.keeps(window, nowUs);
  return true;
}
