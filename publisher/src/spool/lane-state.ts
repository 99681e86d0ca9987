import { newSide, type Side } from "./block.ts";
import { type Cursor, type Done, emptyLaneHead, type LaneHead } from "./head-file.ts";
import { copyOfSide, type Standing } from "./pack.ts";
import type { Segment } from "./segment.ts";
import { StreamTable } from "./stream-table.ts";
import { above, newTally, sumOf, type Tally } from "./tally.ts";

/** What a lane knows: its files, what was stored, how far delivery is, and what became of the rest. */
export class LaneState {
  readonly folder: string;
  /** Oldest first; the last is appended to. */
  segments: Segment[] = [];
  /** Durable, since the lane began. */
  stored: Tally = newTally();
  side: Side = newSide();
  sideBefore: Side = newSide();
  done: Done = emptyLaneHead().done;
  cursor: Cursor = { segment: 0, offset: 0, frame: 0, block: 0 };
  nextBlock = 1;
  nextSegment = 1;
  readonly streams = new StreamTable();
  /** When what lies at the cursor was stored, where that is known. */
  cursorUs: number | undefined;

  constructor(folder: string) {
    this.folder = folder;
  }

  get bytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  doneTotal(): Tally {
    const { before, delivered, refused, given_up, corrupt } = this.done;
    return sumOf(before, delivered, refused, given_up, corrupt);
  }

  pending(): Tally {
    return above(this.stored, this.doneTotal());
  }

  standing(): Standing {
    return { nextBlock: this.nextBlock, stored: [...this.stored], side: copyOfSide(this.side) };
  }

  head(): LaneHead {
    const { cursor, done, stored, side, sideBefore, nextBlock, nextSegment } = this;
    return { cursor, done, stored, side, sideBefore, nextBlock, nextSegment };
  }
}
