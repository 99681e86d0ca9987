import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { limits as wireLimits } from "@atalaya/wire/framing";
import { limits } from "../limits.ts";
import { encodeBlock, type NewBlock, type Side } from "./block.ts";
import { addSide, type Entry, type KeptFrame, streamsOf, tallyOf } from "./entry.ts";
import { addTo, newTally, type Tally } from "./tally.ts";

/** Level 1: half of level 3's processor time for some percent more bytes. */
const fast = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** Frames as one zstd frame. Some tens of microseconds to a few milliseconds: a thread would cost more. */
export function pack(frames: readonly Buffer[]): Buffer {
  return zstdCompressSync(frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames), fast);
}

/** Undefined where the bytes are not what `pack` made. */
export function unpack(payload: Buffer): Buffer | undefined {
  try {
    return zstdDecompressSync(payload, { maxOutputLength: limits.blockBytesMax + 2 * wireLimits.frameBytesMax });
  } catch {
    return undefined;
  }
}

/** A block that waits for its number. */
export type PackedBlock = { payload: Buffer; unpackedBytes: number; here: Tally; streams: [string, number][] };
export type PackedEntry = { blocks: PackedBlock[]; side: Side };

/** An entry as blocks: frames in the order of arrival, one that this build cannot read in a block of its own. */
export function packEntry(entry: Entry): PackedEntry {
  const blocks: PackedBlock[] = [];
  let [run, bytes]: [KeptFrame[], number] = [[], 0];
  const close = () => {
    if (run.length === 0) return;
    const payload = pack(run.map((frame) => frame.bytes));
    blocks.push({
      payload,
      unpackedBytes: bytes,
      here: tallyOf(run),
      streams: [...streamsOf(run)].slice(-limits.streamsMax),
    });
    [run, bytes] = [[], 0];
  };
  for (const frame of entry.frames) {
    const alone = frame.head.kind === 0;
    if (alone || bytes + frame.bytes.length > limits.blockBytesMax) close();
    run.push(frame);
    bytes += frame.bytes.length;
    if (alone) close();
  }
  close();
  // Counts alone have a block too, without a payload.
  if (blocks.length === 0) blocks.push({ payload: Buffer.alloc(0), unpackedBytes: 0, here: newTally(), streams: [] });
  return { blocks, side: entry.side };
}

/** Where a lane stands: what the next block's header goes on from. */
export type Standing = { nextBlock: number; stored: Tally; side: Side };

/** The bytes of all blocks, each with its header; `standing` goes on with them. */
export function numberBlocks(
  packed: PackedEntry,
  standing: Standing,
  storedUs: number,
): { bytes: Buffer; block: NewBlock }[] {
  addSide(standing.side, packed.side);
  return packed.blocks.map(({ payload, unpackedBytes, here, streams }) => {
    const block: NewBlock = {
      number: standing.nextBlock++,
      storedUs,
      before: [...standing.stored],
      here,
      side: copyOfSide(standing.side),
      streams,
      unpackedBytes,
    };
    addTo(standing.stored, here);
    return { bytes: encodeBlock(block, payload), block };
  });
}

export function copyOfSide(side: Side): Side {
  return { deduplicated: [...side.deduplicated], given_up: [...side.given_up], refused: [...side.refused] };
}
