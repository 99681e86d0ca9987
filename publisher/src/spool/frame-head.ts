import { crc32 } from "node:zlib";
import {
  classByNumber,
  classNumbers,
  frameMagic,
  frameVersion,
  limits,
  oldestFrameVersion,
} from "@atalaya/wire/framing";
import { framesPlace, newTally, placeOf, type Tally } from "./tally.ts";

/** What the publisher reads of a frame: a part of its header (grammar in wire/src/frame.ts), and nothing of its body. */
export type FrameHead = {
  /** Number of the class on the wire; 0 where this build does not know version or class. */
  kind: number;
  eventCount: number;
  /** Boot id, layout hash, ring and class as they stand in the header: whose positions these are. */
  stream: string;
  ring: number;
  lastPosition: number;
  bytes: number;
};

/** Why a frame is not kept: it can't be read, or its body is not what its sender wrote. */
export type BadFrame = { kind: number; eventCount: number };

const fixedBytes = 80;

/**
 * Reads the frame at `at`, its checksum included. A frame of a newer version, or of a class that this build does not
 * know, is good: its header may mean something else, so nothing of it is counted and no positions are read.
 */
export function readFrameHead(bytes: Buffer, at = 0): { ok: true; head: FrameHead } | { ok: false; bad: BadFrame } {
  const left = bytes.length - at;
  if (left < fixedBytes || bytes.readUInt32LE(at) !== frameMagic) return { ok: false, bad: { kind: 0, eventCount: 0 } };
  const version = bytes.readUInt16LE(at + 4);
  const number = bytes[at + 6] as number;
  if (version > frameVersion || classByNumber(number) === undefined) return { ok: true, head: unknownHead(bytes, at) };
  const eventCount = Math.min(bytes.readUInt32LE(at + 8), limits.frameEventsMax);
  const bodyBytes = bytes.readUInt32LE(at + 12);
  const headerBytes = bytes.readUInt16LE(at + 20);
  const bad = { ok: false, bad: { kind: number, eventCount } } as const;
  const size = headerBytes + bodyBytes;
  if (version < oldestFrameVersion || headerBytes < fixedBytes || size > left || size > limits.frameBytesMax)
    return bad;
  if (crc32(bytes.subarray(at + headerBytes, at + size)) !== bytes.readUInt32LE(at + 16)) return bad;
  const lastPosition = bytes.readUInt32LE(at + 32) + bytes.readUInt32LE(at + 36) * 4_294_967_296;
  if (!Number.isSafeInteger(lastPosition)) return bad;
  const stream = bytes.toString("latin1", at + 56, at + fixedBytes) + bytes.toString("latin1", at + 6, at + 8);
  return {
    ok: true,
    head: { kind: number, eventCount, stream, ring: bytes[at + 7] as number, lastPosition, bytes: size },
  };
}

/** Length is read in the way of every version so far; where it does not fit, the frame is all that is left. */
function unknownHead(bytes: Buffer, at: number): FrameHead {
  const size = bytes.readUInt16LE(at + 20) + bytes.readUInt32LE(at + 12);
  const fits = size >= fixedBytes && at + size <= bytes.length;
  return { kind: 0, eventCount: 0, stream: "", ring: 0, lastPosition: 0, bytes: fits ? size : bytes.length - at };
}

/** Cuts `count` frames that lie one after another. Trusts them: they were read once before. */
export function splitFrames(bytes: Buffer, count: number): { frames: Buffer[]; tallies: Tally[] } {
  const frames: Buffer[] = [];
  const tallies: Tally[] = [];
  let at = 0;
  while (at < bytes.length) {
    const read = readFrameHead(bytes, at);
    // One that this build cannot read is alone.
    const size = read.ok && count > 1 ? read.head.bytes : bytes.length - at;
    const tally = newTally();
    tally[framesPlace] = 1;
    if (read.ok) tally[placeOf(read.head.kind)] = read.head.eventCount;
    frames.push(bytes.subarray(at, at + size));
    tallies.push(tally);
    at += size;
  }
  return { frames, tallies };
}

/** Files and network are bulk; all else, what is not known too, is kept longer. */
export function isBulk(kind: number): boolean {
  return kind === classNumbers.file || kind === classNumbers.network;
}
