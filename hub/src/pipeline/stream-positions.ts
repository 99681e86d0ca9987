import { pipelineLimits } from "../core/limits.ts";

type Range = { first: number; last: number };

/** The part of a frame's header that says where in its ring it lies. */
export type Span = { firstPosition: number; lastPosition: number; firstTimeUs: number; lastTimeUs: number };

/**
 * What has been committed of one ring's class: everything up to `floor`, and ranges above it.
 *
 *     0 ......... floor | [first last]   [first last]      [first last]
 *
 * A class' frames leave gaps (the ring holds other classes too), so ranges do not grow together; the lowest are
 * folded into the floor when there are too many. A ring that starts again (its collector was started anew without
 * adopting it) has positions below and times above what was committed.
 */
export class StreamPositions {
  #floor = -1;
  #newestUs = 0;
  #ranges: Range[] = [];

  static parse(text: string): StreamPositions {
    const made = new StreamPositions();
    const [floor, newestUs, ...flat] = JSON.parse(text) as number[];
    made.#floor = floor ?? -1;
    made.#newestUs = newestUs ?? 0;
    for (let i = 0; i + 1 < flat.length; i += 2) {
      made.#ranges.push({ first: flat[i] as number, last: flat[i + 1] as number });
    }
    return made;
  }

  toString(): string {
    return JSON.stringify([this.#floor, this.#newestUs, ...this.#ranges.flatMap(({ first, last }) => [first, last])]);
  }

  /** Forgets the positions when the frame shows that its ring started again. */
  restartIfNew(span: Span): boolean {
    const top = this.#ranges.at(-1)?.last ?? this.#floor;
    if (span.firstPosition > top || span.firstTimeUs <= this.#newestUs + pipelineLimits.ringRestartUs) return false;
    this.#floor = -1;
    this.#ranges = [];
    return true;
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
    this.#newestUs = Math.max(this.#newestUs, span.lastTimeUs);
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
