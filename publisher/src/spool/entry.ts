import { newSide, type Side } from "./block.ts";
import type { FrameHead } from "./frame-head.ts";
import { addTo, framesPlace, newTally, placeOf, type Tally } from "./tally.ts";

export type KeptFrame = { bytes: Buffer; head: FrameHead };

/** What one write makes durable: frames, and counts of what was not stored. */
export type Entry = { frames: KeptFrame[]; side: Side };

export function newEntry(): Entry {
  return { frames: [], side: newSide() };
}

export function isEmpty(entry: Entry): boolean {
  return entry.frames.length === 0 && Object.values(entry.side).every((tally) => tally[framesPlace] === 0);
}

export function countOne(tally: Tally, kind: number, eventCount: number): void {
  const place = placeOf(kind);
  tally[place] = (tally[place] ?? 0) + eventCount;
  tally[framesPlace] = (tally[framesPlace] ?? 0) + 1;
}

export function tallyOf(frames: readonly KeptFrame[]): Tally {
  const tally = newTally();
  for (const { head } of frames) countOne(tally, head.kind, head.eventCount);
  return tally;
}

export function mergedEntry(entries: readonly Entry[]): Entry {
  const [only] = entries;
  if (entries.length === 1 && only !== undefined) return only;
  const merged = newEntry();
  for (const entry of entries) {
    merged.frames.push(...entry.frames);
    addSide(merged.side, entry.side);
  }
  return merged;
}

export function addSide(side: Side, more: Side): void {
  addTo(side.deduplicated, more.deduplicated);
  addTo(side.given_up, more.given_up);
  addTo(side.refused, more.refused);
}

/** The same without its frames, which are counted as given up. */
export function withoutFrames(entry: Entry): Entry {
  const dropped = newEntry();
  addSide(dropped.side, entry.side);
  addTo(dropped.side.given_up, tallyOf(entry.frames));
  return dropped;
}

/** How far each stream is with these frames, in the order of arrival. */
export function streamsOf(frames: readonly KeptFrame[]): Map<string, number> {
  const streams = new Map<string, number>();
  for (const { head } of frames) {
    if (head.stream === "") continue;
    streams.set(head.stream, Math.max(head.lastPosition, streams.get(head.stream) ?? 0));
  }
  return streams;
}
