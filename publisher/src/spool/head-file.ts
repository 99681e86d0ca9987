import { closeSync, constants, fdatasync, fsyncSync, openSync, readFileSync, write, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import { newSide, type Side } from "./block.ts";
import { newTally, type Tally, tallyPlaces } from "./tally.ts";

// How far delivery is, and what became of all that went before, for both lanes. The file has two places of 8 KiB that
// are written in turn, so that one is always whole:
//   u32 crc32 of the rest that is used | u32 bytes of JSON | JSON
// They are made once and then only overwritten: that takes no room, so it works on a full disk too.

const placeBytes = 8192;

/** Where the next block to deliver starts; and where some of its frames are done, how many, and which block that is. */
export type Cursor = { segment: number; offset: number; frame: number; block: number };

/** What became of what was stored: together with what is pending it is all that was. */
export type Done = { before: Tally; delivered: Tally; refused: Tally; given_up: Tally; corrupt: Tally };

export function newDone(): Done {
  return {
    before: newTally(),
    delivered: newTally(),
    refused: newTally(),
    given_up: newTally(),
    corrupt: newTally(),
  };
}

export type LaneHead = {
  cursor: Cursor;
  done: Done;
  /** What was durable when this was written: it tells of blocks that vanished. */
  stored: Tally;
  side: Side;
  sideBefore: Side;
  nextBlock: number;
  nextSegment: number;
};
export type Head = { turn: number; epoch: string; lanes: Record<string, LaneHead> };

export class HeadFile {
  readonly #path: string;
  #file: number | undefined;
  #turn = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** The newest place that is whole; undefined where there is none. */
  read(): Head | undefined {
    let bytes: Buffer;
    try {
      bytes = readFileSync(this.#path);
    } catch {
      return undefined;
    }
    const heads = [readPlace(bytes, 0), readPlace(bytes, placeBytes)].filter((head) => head !== undefined);
    const newest = heads.sort((a, b) => b.turn - a.turn)[0];
    this.#turn = newest?.turn ?? 0;
    return newest;
  }

  /** Writes the older place; with `durable` it is on disk when this resolves. Throws what the file system throws. */
  async write(head: Omit<Head, "turn">, durable: boolean): Promise<void> {
    const turn = this.#turn + 1;
    const bytes = encodePlace({ turn, ...head });
    const file = this.#open();
    await new Promise<void>((resolve, reject) => {
      const at = (turn % 2) * placeBytes;
      write(file, bytes, 0, bytes.length, at, (error) => (error ? reject(error) : resolve()));
    });
    this.#turn = turn;
    if (!durable) return;
    await new Promise<void>((resolve, reject) => {
      fdatasync(file, (error) => (error ? reject(error) : resolve()));
    });
  }

  #open(): number {
    if (this.#file !== undefined) return this.#file;
    const file = openSync(this.#path, constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      const size = readFileSync(this.#path).length;
      if (size < 2 * placeBytes) {
        writeSync(file, Buffer.alloc(2 * placeBytes - size), 0, 2 * placeBytes - size, size);
        fsyncSync(file);
      }
    } catch (error) {
      closeSync(file);
      throw error;
    }
    this.#file = file;
    return file;
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

function encodePlace(head: Head): Buffer {
  const text = Buffer.from(JSON.stringify(head));
  if (text.length + 8 > placeBytes) throw new RangeError("the head does not fit its place");
  const out = Buffer.alloc(placeBytes);
  out.writeUInt32LE(text.length, 4);
  text.copy(out, 8);
  out.writeUInt32LE(crc32(out.subarray(4, 8 + text.length)), 0);
  return out;
}

function readPlace(bytes: Buffer, at: number): Head | undefined {
  if (bytes.length < at + 8) return undefined;
  const size = bytes.readUInt32LE(at + 4);
  if (size > placeBytes - 8 || at + 8 + size > bytes.length) return undefined;
  if (crc32(bytes.subarray(at + 4, at + 8 + size)) !== bytes.readUInt32LE(at)) return undefined;
  try {
    return completed(JSON.parse(bytes.toString("utf8", at + 8, at + 8 + size)) as Head);
  } catch {
    return undefined;
  }
}

/** A place more than the writer knew (a class that came with a later build) starts at zero. */
function completed(head: Head): Head {
  for (const lane of Object.values(head.lanes)) {
    for (const tally of [lane.stored, ...Object.values(lane.done), ...sides(lane.side), ...sides(lane.sideBefore)]) {
      while (tally.length < tallyPlaces) tally.push(0);
    }
  }
  return head;
}

function sides(side: Side): Tally[] {
  return [side.deduplicated, side.given_up, side.refused];
}

export function emptyLaneHead(): LaneHead {
  return {
    cursor: { segment: 0, offset: 0, frame: 0, block: 0 },
    done: newDone(),
    stored: newTally(),
    side: newSide(),
    sideBefore: newSide(),
    nextBlock: 1,
    nextSegment: 1,
  };
}
