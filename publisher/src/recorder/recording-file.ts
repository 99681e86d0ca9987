import { open, readFile, stat, truncate, unlink } from "node:fs/promises";
import { classNumbers } from "@atalaya/wire/framing";
import { encodeBlock, findBlock, newSide, payloadIsGood, readBlockHead } from "../spool/block.ts";
import { countOne } from "../spool/entry.ts";
import { pack, unpack } from "../spool/pack.ts";
import { framesPlace, newTally, type Tally } from "../spool/tally.ts";
import { type RecordedFrame, splitRecorded } from "./recorded-frame.ts";

/** One write: `containers` says whose frames are in it. */
type Block = { containers: ReadonlySet<string> };
export type ReadBlock = { frames(): RecordedFrame[] | undefined };

/**
 * One file of the recorder: blocks as in the spool (spool/block.ts), without its account. It is not synced: what a
 * machine that loses power had recorded last is lost, what a process that is killed had recorded is not.
 */
export class RecordingFile {
  readonly path: string;
  readonly firstUs: number;
  lastUs: number;
  bytes = 0;
  events = 0;
  /** Of this process' own writes, by where they begin; a file of an earlier one has none, and is read whole. */
  readonly #blocks: Map<number, Block> | undefined;
  #broken = false;

  private constructor(path: string, firstUs: number, lastUs: number, blocks: Map<number, Block> | undefined) {
    this.path = path;
    this.firstUs = firstUs;
    this.lastUs = lastUs;
    this.#blocks = blocks;
  }

  static made(path: string, nowUs: number): RecordingFile {
    return new RecordingFile(path, nowUs, nowUs, new Map());
  }

  /** One that an earlier process wrote. Undefined where it holds no block at all. Throws what the disk throws. */
  static async found(path: string): Promise<RecordingFile | undefined> {
    const [bytes, { mtimeMs }] = [await readFile(path), await stat(path)];
    const first = findBlock(bytes, 0);
    if (first === undefined) return undefined;
    const file = new RecordingFile(path, first.head.storedUs, Math.round(mtimeMs * 1_000), undefined);
    file.bytes = bytes.length;
    for (const { head } of blocksIn(bytes)) file.events += eventsOf(head.here);
    return file;
  }

  /** False where a write failed half way: what comes next goes into another file. */
  get isUsable(): boolean {
    return this.#blocks !== undefined && !this.#broken;
  }

  /** Throws what the disk throws. */
  async append(frames: readonly RecordedFrame[], storedUs: number): Promise<void> {
    const here = newTally();
    for (const { header } of frames) countOne(here, classNumbers[header.class], header.eventCount);
    const unpackedBytes = frames.reduce((sum, frame) => sum + frame.bytes.length, 0);
    const head = { number: this.#blocks?.size ?? 0, storedUs, before: newTally(), here, side: newSide(), streams: [] };
    const block = encodeBlock({ ...head, unpackedBytes }, pack(frames.map((frame) => frame.bytes)));
    try {
      const file = await open(this.path, "a", 0o600);
      await file.appendFile(block).finally(() => file.close());
    } catch (error) {
      // What was half written is cut off, or stepped over by whoever reads.
      this.#broken = true;
      await truncate(this.path, this.bytes).catch(() => {});
      throw error;
    }
    this.#blocks?.set(this.bytes, { containers: new Set(frames.map((frame) => frame.header.containerId)) });
    this.bytes += block.length;
    this.events += eventsOf(here);
    this.lastUs = storedUs;
  }

  /** The blocks that may hold the container's frames, oldest first. Throws what the disk throws. */
  async blocksOf(containerId: string): Promise<ReadBlock[]> {
    const bytes = await readFile(this.path);
    const read: ReadBlock[] = [];
    for (const { at, head } of blocksIn(bytes)) {
      if (this.#blocks?.get(at)?.containers.has(containerId) === false) continue;
      read.push({
        frames() {
          if (!payloadIsGood(bytes, at, head)) return undefined;
          const from = at + head.headerBytes;
          const payload = unpack(bytes.subarray(from, from + head.payloadBytes));
          return payload === undefined ? undefined : splitRecorded(payload);
        },
      });
    }
    return read;
  }

  async remove(): Promise<void> {
    await unlink(this.path).catch(() => {});
  }
}

/** Blocks one after another; over a damaged piece to the next one that can be proved to be there. */
function* blocksIn(bytes: Buffer): Generator<{ at: number; head: NonNullable<ReturnType<typeof readBlockHead>> }> {
  for (let at = 0; at < bytes.length; ) {
    const head = readBlockHead(bytes, at);
    if (head === undefined) {
      const next = findBlock(bytes, at + 1);
      if (next === undefined) return;
      at = next.at;
      continue;
    }
    yield { at, head };
    at += head.headerBytes + head.payloadBytes;
  }
}

function eventsOf(here: Readonly<Tally>): number {
  return here.reduce((sum, n, place) => (place === framesPlace ? sum : sum + n), 0);
}
