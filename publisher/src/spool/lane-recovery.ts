import { mkdir, readdir } from "node:fs/promises";
import { findBlock, headerBytesMax, readBlockHead } from "./block.ts";
import type { LaneHead } from "./head-file.ts";
import type { LaneState } from "./lane-state.ts";
import { Segment } from "./segment.ts";
import { addTo, greater, sumOf } from "./tally.ts";

/** What a look at the files found wrong. */
export type Recovered = { cutBytes: number; badFiles: number };

/**
 * Reads what an earlier process left. Only the newest file is read in whole: behind its last good block lies what a
 * crash tore, which is cut. Holes elsewhere are found, and counted, when delivery comes there.
 * Throws what the file system throws.
 */
export async function recoverLane(state: LaneState, head: LaneHead | undefined): Promise<Recovered> {
  await mkdir(state.folder, { recursive: true, mode: 0o700 });
  const names = (await readdir(state.folder)).filter((name) => /^\d{12,}\.spool$/.test(name)).sort();
  const result: Recovered = { cutBytes: 0, badFiles: 0 };
  for (const [i, name] of names.entries()) {
    const segment = await Segment.found(state.folder, Number.parseInt(name, 10));
    state.nextSegment = segment.number + 1;
    await (i === names.length - 1 ? readNewest(state, segment, result) : readStart(state, segment, result));
  }
  // The newest was no good at all: the one before it is the newest now.
  const last = state.segments.at(-1);
  if (last !== undefined && last.number + 1 < state.nextSegment) {
    state.segments.pop();
    await readNewest(state, last, result);
  }
  goOn(state, head);
  return result;
}

async function readStart(state: LaneState, segment: Segment, result: Recovered): Promise<void> {
  const start = await segment.read(0, headerBytesMax);
  segment.first = readBlockHead(start, 0) ?? findBlock(await segment.read(0, segment.bytes), 0)?.head;
  await segment.rest();
  if (segment.first !== undefined) state.segments.push(segment);
  else await leaveOut(segment, result);
}

async function leaveOut(segment: Segment, result: Recovered): Promise<void> {
  result.cutBytes += segment.bytes;
  result.badFiles += 1;
  await segment.remove();
}

async function readNewest(state: LaneState, segment: Segment, result: Recovered): Promise<void> {
  const bytes = await segment.read(0, segment.bytes);
  segment.first = undefined;
  let end = 0;
  for (let next = findBlock(bytes, 0); next !== undefined; next = findBlock(bytes, end)) {
    const { at, head } = next;
    segment.first ??= head;
    end = at + head.headerBytes + head.payloadBytes;
    state.nextBlock = head.number + 1;
    state.stored = sumOf(head.before, head.here);
    state.side = head.side;
    state.streams.merge(head.streams);
  }
  if (segment.first === undefined) return leaveOut(segment, result);
  result.cutBytes += segment.bytes - end;
  if (end < segment.bytes && !(await segment.cut(end))) segment.bytes = end;
  state.segments.push(segment);
}

/** Files and head together: what the head knew to be stored and is not in the files was stored nevertheless. */
function goOn(state: LaneState, head: LaneHead | undefined): void {
  const first = state.segments[0];
  if (head === undefined) {
    // What became of all before is not known: a new account starts with what is here.
    if (first?.first !== undefined) addTo(state.done.before, first.first.before);
    else addTo(state.done.before, state.stored);
    state.sideBefore = { ...state.side };
    state.cursor = { segment: first?.number ?? state.nextSegment, offset: 0, frame: 0, block: 0 };
    return;
  }
  state.done = head.done;
  state.sideBefore = head.sideBefore;
  state.stored = greater(state.stored, head.stored);
  state.nextBlock = Math.max(state.nextBlock, head.nextBlock);
  state.nextSegment = Math.max(state.nextSegment, head.nextSegment);
  for (const name of ["deduplicated", "given_up", "refused"] as const) {
    state.side[name] = greater(state.side[name], head.side[name]);
  }
  state.cursor = head.cursor;
  const last = state.segments.at(-1);
  // A file that was cut below the cursor: go on at its end.
  if (last !== undefined && state.cursor.segment === last.number && state.cursor.offset > last.bytes) {
    state.cursor = { segment: last.number, offset: last.bytes, frame: 0, block: 0 };
  }
}
