import { classNumbers } from "@atalaya/wire/framing";

/** Events by class number (0: a class or version that this build does not know), and in the last place, frames. */
export type Tally = number[];

// The place of frames is in the files of every version; a class numbered 8 or more has the place behind its number.
export const framesPlace = 8;
export const tallyPlaces = 10;

/** Where the events of a class are counted, by its number on the wire; 0 for one that is not known. */
export function placeOf(kind: number): number {
  return kind < framesPlace ? kind : kind + 1;
}

/** Class names by their place. */
export const classNames: ReadonlyMap<number, string> = new Map([
  [0, "unknown"],
  ...Object.entries(classNumbers).map(([name, number]): [number, string] => [placeOf(number), name]),
]);
if (Math.max(...classNames.keys()) !== tallyPlaces - 1)
  throw new Error("a class was added: the tally needs a place for it");

export function newTally(): Tally {
  return new Array<number>(tallyPlaces).fill(0);
}

/** Adds `more` to `tally`, in place. */
export function addTo(tally: Tally, more: Readonly<Tally>): void {
  for (let i = 0; i < tallyPlaces; i++) tally[i] = (tally[i] ?? 0) + (more[i] ?? 0);
}

export function sumOf(...tallies: readonly Readonly<Tally>[]): Tally {
  const sum = newTally();
  for (const one of tallies) addTo(sum, one);
  return sum;
}

/** How far `high` is above `low`, place by place; never below zero. */
export function above(high: Readonly<Tally>, low: Readonly<Tally>): Tally {
  return high.map((value, i) => Math.max(0, value - (low[i] ?? 0)));
}

export function greater(a: Readonly<Tally>, b: Readonly<Tally>): Tally {
  return a.map((value, i) => Math.max(value, b[i] ?? 0));
}

export function isZero(tally: Readonly<Tally>): boolean {
  return tally.every((value) => value === 0);
}
