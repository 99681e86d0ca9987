import { limits } from "../limits.ts";
import { type BlockHead, findBlock, type NewBlock, payloadIsGood, readBlockHead } from "./block.ts";
import { splitFrames } from "./frame-head.ts";
import type { Cursor } from "./head-file.ts";
import type { LaneState } from "./lane-state.ts";
import { pack, unpack } from "./pack.ts";
import type { Segment } from "./segment.ts";
import { above, addTo, framesPlace, newTally, sumOf, type Tally } from "./tally.ts";

type Told = Pick<BlockHead, "number" | "before" | "here" | "storedUs" | "unpackedBytes">;
/** `from`: where it was found, when not where it was looked for. */
type Found = { head: Told; payload: Buffer; end: number; from?: number };
const nothing = Buffer.alloc(0);
type Passed = { before: Tally; here: Tally };

/** What one request carries: the packed pieces of its body, and what it means when they have arrived. */
export type Batch = { pieces: Buffer[]; here: Tally; passed: Passed[]; start: Cursor; end: Cursor };

/** Takes blocks in order, from memory or from disk, over holes; and counts what became of them. */
export class LaneReader {
  readonly #state: LaneState;
  readonly #removeDone: () => Promise<void>;
  /** Blocks that were written lately and not taken yet, by where they lie. */
  readonly #memory = new Map<string, Found>();
  #memoryBytes = 0;
  #inFlight: Batch | undefined;
  #ahead: { segment: number; at: number; bytes: Buffer } | undefined;

  constructor(state: LaneState, removeDone: () => Promise<void>) {
    this.#state = state;
    this.#removeDone = removeDone;
  }

  /** Keeps a block that was just written, while there is room: the oldest is what is taken next. */
  remember(segment: number, offset: number, bytes: Buffer, block: NewBlock, payloadBytes: number): void {
    if (this.#memoryBytes + bytes.length > limits.memoryBytesMax) return;
    const payload = bytes.subarray(bytes.length - payloadBytes);
    this.#memory.set(placeOf(segment, offset), { head: block, payload, end: offset + bytes.length });
    this.#memoryBytes += bytes.length;
  }

  /** A file is gone, and with it what is remembered of it. */
  forget(segment: number): void {
    for (const key of this.#memory.keys()) if (key.startsWith(`${segment}:`)) this.#drop(key);
  }

  #drop(key: string): void {
    const found = this.#memory.get(key);
    if (found === undefined) return;
    this.#memory.delete(key);
    this.#memoryBytes -= found.end - Number(key.split(":")[1]);
  }

  isInFlight(segment: number): boolean {
    const batch = this.#inFlight;
    return batch !== undefined && segment >= batch.start.segment && segment <= batch.end.segment;
  }

  /**
   * The oldest blocks, as many as fit into a request (at least one), or with `single` the oldest frame alone. They are
   * in flight until `settle` or `release`. Undefined where nothing waits.
   */
  async take(single = false): Promise<Batch | undefined> {
    for (;;) {
      const batch = await this.#collect(single);
      // Given up while we read: then it is not ours to send.
      if (!isSame(batch.start, this.#state.cursor)) continue;
      if (batch.pieces.length > 0) {
        this.#inFlight = batch;
        return batch;
      }
      this.#ahead = undefined;
      await this.#passHoles(batch);
      return undefined;
    }
  }

  async #collect(single: boolean): Promise<Batch> {
    const start = { ...this.#state.cursor };
    const batch: Batch = { pieces: [], here: newTally(), passed: [], start, end: start };
    let bytes = 0;
    while (batch.pieces.length < limits.batchBlocksMax) {
      const found = await this.#next(batch.end);
      if (found === undefined) break;
      const { block, at } = found;
      const { head, payload } = block;
      const part = payload.length > 0 && (single || at.frame > 0);
      if (batch.pieces.length > 0 && (part || bytes + head.unpackedBytes > limits.batchBytesMax)) break;
      if (batch.pieces.length === 0) this.#state.cursorUs = head.storedUs;
      bytes += head.unpackedBytes;
      batch.end = { segment: at.segment, offset: block.end, frame: 0, block: 0 };
      if (part) addPart(batch, block, at, single);
      else if (payload.length > 0) add(batch, payload, head.here, head.before);
      else batch.passed.push({ before: head.before, here: newTally() });
      if (part && batch.pieces.length > 0) break;
    }
    return batch;
  }

  /** Only counts, or holes, lay ahead: they are passed. At the very end, what was stored and is not there is lost. */
  async #passHoles(batch: Batch): Promise<void> {
    const state = this.#state;
    this.#account(batch.passed, "delivered");
    state.cursor = batch.end;
    const last = state.segments.at(-1);
    const atEnd = last === undefined || state.cursor.segment > last.number || isAt(state.cursor, last);
    if (atEnd) {
      state.cursorUs = undefined;
      addTo(state.done.corrupt, state.pending());
    }
    await this.#removeDone();
  }

  /** The batch arrived, or is refused for good: it is done. */
  async settle(batch: Batch, as: "delivered" | "refused"): Promise<void> {
    this.#inFlight = undefined;
    this.#account(batch.passed, as);
    this.#state.cursor = batch.end;
    for (const key of this.#memory.keys()) {
      const [segment = 0, offset = 0] = key.split(":").map(Number);
      if (!isBefore({ segment, offset, frame: 0, block: 0 }, batch.end)) break;
      this.#drop(key);
    }
    await this.#removeDone();
  }

  /** The batch did not arrive: it is taken again. */
  release(): void {
    this.#inFlight = undefined;
  }

  #account(passed: readonly Passed[], as: "delivered" | "refused"): void {
    const { done } = this.#state;
    for (const { before, here } of passed) {
      addTo(done.corrupt, above(before, this.#state.doneTotal()));
      addTo(done[as], here);
    }
  }

  /** The first good block at or behind `from`. */
  async #next(from: Cursor): Promise<{ block: Found; at: Cursor } | undefined> {
    let at = from;
    for (;;) {
      const { segments } = this.#state;
      const index = segments.findIndex((segment) => segment.number >= at.segment);
      const segment = segments[index];
      if (segment === undefined) return undefined;
      if (segment.number > at.segment) at = { segment: segment.number, offset: 0, frame: 0, block: 0 };
      if (at.offset >= segment.bytes) {
        const following = segments[index + 1];
        if (following === undefined) return undefined;
        at = { segment: following.number, offset: 0, frame: 0, block: 0 };
        continue;
      }
      const block = this.#memory.get(placeOf(segment.number, at.offset)) ?? (await this.#read(segment, at.offset));
      // Given up while we read.
      if (!this.#state.segments.includes(segment)) continue;
      const ends = segments[index + 1]?.first?.number ?? Number.POSITIVE_INFINITY;
      if (block !== undefined && block.head.number < ends) {
        const same = block.from === undefined && (at.frame === 0 || at.block === block.head.number);
        const offset = block.from ?? at.offset;
        return { block, at: same ? at : { segment: at.segment, offset, frame: 0, block: 0 } };
      }
      at = { segment: segment.number, offset: segment.bytes, frame: 0, block: 0 };
    }
  }

  /** What was read with an earlier block and lies at `at`. */
  #aheadOf(segment: number, at: number): Buffer {
    const ahead = this.#ahead;
    if (ahead === undefined || ahead.segment !== segment || at < ahead.at) return nothing;
    return ahead.bytes.subarray(Math.min(ahead.bytes.length, at - ahead.at));
  }

  /** Reads the block at `at`; where it is not good, the next good one behind it. */
  async #read(segment: Segment, at: number): Promise<Found | undefined> {
    const size = segment.bytes - at;
    let bytes = this.#aheadOf(segment.number, at);
    let head = readBlockHead(bytes, 0);
    if (head === undefined || head.headerBytes + head.payloadBytes > bytes.length) {
      const wanted = head === undefined ? 0 : head.headerBytes + head.payloadBytes;
      bytes = await readOrNothing(segment, at, Math.min(size, Math.max(wanted, limits.readBytes)));
      this.#ahead = { segment: segment.number, at, bytes };
      head = readBlockHead(bytes, 0);
    }
    const whole = head === undefined ? 0 : head.headerBytes + head.payloadBytes;
    if (head !== undefined && whole <= size) {
      if (whole > bytes.length) bytes = await readOrNothing(segment, at, whole);
      if (payloadIsGood(bytes, 0, head)) return found(bytes, 0, head, at);
    }
    const rest = await readOrNothing(segment, at, size);
    const next = findBlock(rest, head === undefined ? 1 : whole);
    return next === undefined ? undefined : { ...found(rest, next.at, next.head, at), from: at + next.at };
  }
}

function found(bytes: Buffer, from: number, head: BlockHead, offset: number): Found {
  const [start, end] = [from + head.headerBytes, from + head.headerBytes + head.payloadBytes];
  return { head, payload: bytes.subarray(start, end), end: offset + end };
}

/** A piece of a disk that cannot be read is a hole like any other. */
async function readOrNothing(segment: Segment, at: number, size: number): Promise<Buffer> {
  try {
    return await segment.read(at, size);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "EIO" || code === "ENOENT" || code === "EBADF" || code === "EUCLEAN") return Buffer.alloc(0);
    throw error;
  }
}

function add(batch: Batch, piece: Buffer, here: Tally, before: Tally): void {
  batch.pieces.push(piece);
  batch.passed.push({ before, here });
  addTo(batch.here, here);
}

/** A block of which some frames are done already, or of which only the first goes. One that does not unpack is a hole. */
function addPart(batch: Batch, block: Found, at: Cursor, single: boolean): void {
  const { frames, tallies } = splitFrames(unpack(block.payload) ?? Buffer.alloc(0), block.head.here[framesPlace] ?? 0);
  const until = single ? at.frame + 1 : frames.length;
  const rest = frames.slice(at.frame, until);
  if (rest.length === 0) return;
  add(batch, pack(rest), sumOf(...tallies.slice(at.frame, until)), block.head.before);
  if (until < frames.length) batch.end = { ...at, frame: until, block: block.head.number };
}

function isSame(a: Cursor, b: Cursor): boolean {
  return a.segment === b.segment && a.offset === b.offset && a.frame === b.frame;
}

function placeOf(segment: number, offset: number): string {
  return `${segment}:${offset}`;
}

function isBefore(a: Cursor, b: Cursor): boolean {
  return a.segment < b.segment || (a.segment === b.segment && a.offset < b.offset);
}

function isAt(cursor: Cursor, last: Segment): boolean {
  return cursor.segment === last.number && cursor.offset >= last.bytes;
}
