import { pipelineLimits } from "../core/limits.ts";

type Range = { first: number; last: number };

/** The part of a frame's header that says where in its ring it lies. */
export type Span = { firstPosition: number; lastPosition: number };

/**
 * What has been committed of one ring's class: everything up to `floor`, and ranges above it.
 *
 *     0 ......... floor | [first last]   [first last]      [first last]
 *
 * A class' frames leave gaps (the ring holds other classes too), so ranges do not grow together; the lowest are
 * folded into the floor when there are too many. A ring that starts again has another name (the frame's layout hash
 * names the pair of rings, not only the records' layout), so that no time has to tell a new ring from a late frame.
 */
export class StreamPositions {
  #floor = -1;
  #ranges: Range[] = [];

  static parse(text: string): StreamPositions {
    const made = new StreamPositions();
    // The second number was a time once.
    const [floor, , ...flat] = JSON.parse(text) as number[];
    made.#floor = floor ?? -1;
    for (let i = 0; i + 1 < flat.length; i += 2) {
      made.#ranges.push({ first: flat[i] as number, last: flat[i + 1] as number });
    }
    return made;
  }

  toString(): string {
    return JSON.stringify([this.#floor, 0, ...this.#ranges.flatMap(({ first, last }) => [first, last])]);
  }

  /** Whether no position of the frame was committed before: the usual case, told without a look at its events. */
  isNew(span: Span): boolean {
    if (span.firstPosition <= this.#floor) return false;
    return !this.#ranges.some(({ first, last }) => span.firstPosition <= last && span.lastPosition >= first);
  }

  has(position: number): boolean {
    return position <= this.#floor || this.#ranges.some(({ first, last }) => position >= first && position <= last);
  }

  add(span: Span): void {
    const merged: Range = { first: span.firstPosition, last: span.lastPosition };
    const kept: Range[] = [];
    for (const range of this.#ranges) {
      if (range.last < merged.first || range.first > merged.last) kept.push(range);
      else {
        merged.first = Math.min(merged.first, range.first);
        merged.last = Math.max(merged.last, range.last);
      }
    }
    kept.push(merged);
    kept.sort((a, b) => a.first - b.first);
    while (kept.length > pipelineLimits.streamRangesMax) this.#floor = Math.max(this.#floor, kept.shift()?.last ?? 0);
    this.#ranges = kept;
  }
}
