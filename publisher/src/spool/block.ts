import { crc32 } from "node:zlib";
import { streamNameBytes } from "./stream-table.ts";
import { newTally, type Tally, tallyPlaces } from "./tally.ts";

// A segment file is blocks, one after another. A block is what one write made durable:
//
//    0  u32  magic "ATBK"           4  u32  crc32 of the header from 8 on     8  u16  header bytes     10  u16  zero
//   12  u32  payload bytes         16  u32  crc32 of the payload             20  u32  bytes when unpacked
//   24  f64  number                32  f64  stored at (us)
//   40  u8   counts                41  u8   side counts      42  u8  streams    43  u8  zero
//   then per count     u8 place | f64 stored in this lane before this block | u32 stored by it
//        per side count  u8 place | u8 which | f64 value after this block
//        per stream    26 bytes name | f64 last position
//   then the payload: the frames, one after another, as one zstd frame (none where only counts changed)
//
// Numbers go up by one and counts go on from block to block, over segments: what a hole swallowed is told, to the
// event, by the first good block behind it. A segment's first block has no payload and repeats all streams.

export const blockMagic = 0x4b425441;
export const fixedBytes = 44;
/** All counts, three side counts of each, and 64 streams. */
export const headerBytesMax = fixedBytes + tallyPlaces * 13 + 3 * tallyPlaces * 10 + 64 * (streamNameBytes + 8);

/** What was counted without being stored: cumulative, per lane. */
export type Side = { deduplicated: Tally; given_up: Tally; refused: Tally };
const sideNames = ["deduplicated", "given_up", "refused"] as const;

export function newSide(): Side {
  return { deduplicated: newTally(), given_up: newTally(), refused: newTally() };
}

export type BlockHead = {
  headerBytes: number;
  payloadBytes: number;
  payloadCrc: number;
  unpackedBytes: number;
  number: number;
  storedUs: number;
  before: Tally;
  here: Tally;
  side: Side;
  streams: [string, number][];
};

export type NewBlock = Pick<
  BlockHead,
  "number" | "storedUs" | "before" | "here" | "side" | "streams" | "unpackedBytes"
>;

/** A block's header and payload, to be written one after the other. */
export function encodeBlock(block: NewBlock, payload: Buffer): Buffer {
  const out = Buffer.allocUnsafe(headerBytesMax);
  let at = fixedBytes;
  let [counts, sides] = [0, 0];
  for (let place = 0; place < tallyPlaces; place++) {
    const [before, here] = [block.before[place] ?? 0, block.here[place] ?? 0];
    if (before === 0 && here === 0) continue;
    counts++;
    at = out.writeUInt8(place, at);
    at = out.writeDoubleLE(before, at);
    at = out.writeUInt32LE(here, at);
  }
  for (const [which, name] of sideNames.entries()) {
    for (let place = 0; place < tallyPlaces; place++) {
      const value = block.side[name][place] ?? 0;
      if (value === 0) continue;
      sides++;
      at = out.writeUInt8(place, at);
      at = out.writeUInt8(which, at);
      at = out.writeDoubleLE(value, at);
    }
  }
  for (const [name, position] of block.streams) {
    at += out.write(name, at, streamNameBytes, "latin1");
    at = out.writeDoubleLE(position, at);
  }
  out.writeUInt32LE(blockMagic, 0);
  out.writeUInt32LE(at, 8);
  out.writeUInt32LE(payload.length, 12);
  out.writeUInt32LE(payload.length === 0 ? 0 : crc32(payload), 16);
  out.writeUInt32LE(block.unpackedBytes, 20);
  out.writeDoubleLE(block.number, 24);
  out.writeDoubleLE(block.storedUs, 32);
  out.writeUInt32LE(counts | (sides << 8) | (block.streams.length << 16), 40);
  out.writeUInt32LE(crc32(out.subarray(8, at)), 4);
  return payload.length === 0 ? out.subarray(0, at) : Buffer.concat([out.subarray(0, at), payload]);
}

/** Reads the header at `at`; undefined where none can be proved to be there. */
export function readBlockHead(bytes: Buffer, at: number): BlockHead | undefined {
  if (bytes.length - at < fixedBytes || bytes.readUInt32LE(at) !== blockMagic) return undefined;
  const headerBytes = bytes.readUInt32LE(at + 8);
  if (headerBytes < fixedBytes || headerBytes > headerBytesMax || at + headerBytes > bytes.length) return undefined;
  if (crc32(bytes.subarray(at + 8, at + headerBytes)) !== bytes.readUInt32LE(at + 4)) return undefined;
  const head: BlockHead = {
    headerBytes,
    payloadBytes: bytes.readUInt32LE(at + 12),
    payloadCrc: bytes.readUInt32LE(at + 16),
    unpackedBytes: bytes.readUInt32LE(at + 20),
    number: bytes.readDoubleLE(at + 24),
    storedUs: bytes.readDoubleLE(at + 32),
    before: newTally(),
    here: newTally(),
    side: newSide(),
    streams: [],
  };
  const [counts, sides, streams] = [bytes[at + 40] ?? 0, bytes[at + 41] ?? 0, bytes[at + 42] ?? 0];
  // A checksum proves no intention: what the lists say must fit, too.
  if (fixedBytes + counts * 13 + sides * 10 + streams * (streamNameBytes + 8) !== headerBytes) return undefined;
  return readLists(bytes, at, head, [counts, sides, streams]) ? head : undefined;
}

/** False where a count is for a place that there is none of. */
function readLists(
  bytes: Buffer,
  start: number,
  head: BlockHead,
  [counts, sides, streams]: readonly [number, number, number],
): boolean {
  let at = start + fixedBytes;
  for (let i = 0; i < counts; i++, at += 13) {
    const place = bytes[at] as number;
    if (place >= tallyPlaces) return false;
    head.before[place] = bytes.readDoubleLE(at + 1);
    head.here[place] = bytes.readUInt32LE(at + 9);
  }
  for (let i = 0; i < sides; i++, at += 10) {
    const [place, name] = [bytes[at] as number, sideNames[bytes[at + 1] as number]];
    if (place >= tallyPlaces || name === undefined) return false;
    head.side[name][place] = bytes.readDoubleLE(at + 2);
  }
  for (let i = 0; i < streams; i++, at += streamNameBytes + 8) {
    head.streams.push([bytes.toString("latin1", at, at + streamNameBytes), bytes.readDoubleLE(at + streamNameBytes)]);
  }
  return true;
}

/**
 * The next place at or behind `from` where a whole block can be proved to lie; undefined where there is none. Payloads
 * hold bytes that attackers choose: as long as a header vouches for its payload, good or bad, none is looked for in it.
 */
export function findBlock(bytes: Buffer, from: number): { at: number; head: BlockHead } | undefined {
  const mark = Buffer.from("ATBK");
  let at = bytes.indexOf(mark, from);
  while (at >= 0) {
    const head = readBlockHead(bytes, at);
    if (head !== undefined && payloadIsGood(bytes, at, head)) return { at, head };
    at = bytes.indexOf(mark, head === undefined ? at + 1 : at + head.headerBytes + head.payloadBytes);
  }
  return undefined;
}

export function payloadIsGood(bytes: Buffer, at: number, head: BlockHead): boolean {
  const from = at + head.headerBytes;
  if (from + head.payloadBytes > bytes.length) return false;
  return head.payloadBytes === 0 || crc32(bytes.subarray(from, from + head.payloadBytes)) === head.payloadCrc;
}
