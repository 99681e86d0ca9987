import { limits } from "../limits.ts";
import { type Entry, mergedEntry, withoutFrames } from "./entry.ts";
import { LaneReader } from "./lane-reader.ts";
import type { LaneState } from "./lane-state.ts";
import { numberBlocks, type PackedEntry, packEntry } from "./pack.ts";
import { Segment } from "./segment.ts";
import { above, addTo, framesPlace, newTally } from "./tally.ts";

export type LaneName = "life" | "bulk";

/** Between the starts of two writes it pauses `pauseMs`, under pressure up to `pauseMostMs`. */
export type LaneBounds = { segmentBytesMax: number; pauseMs: number; pauseMostMs: number };

/** Who shares the room among the lanes. */
export type Room = {
  /** Makes room below the spool's cap; false where the lane must do without. */
  reserve(lane: Lane, bytes: number): Promise<boolean>;
  /** What to do after a write failed: the same again, give the frames up, or wait for better times. */
  afterFailure(lane: Lane, error: NodeJS.ErrnoException, bytes: number): Promise<"again" | "drop" | "wait">;
  afterWrite(): void;
  /** Writes the head of both lanes; with `durable`, to disk. False where that failed. */
  saveHead(durable: boolean): Promise<boolean>;
};

type Waiting = { entry: Entry; done: () => void; failed: (error: unknown) => void };

/**
 * Frames of some classes on disk, oldest first. `append` resolves when they are durable; entries that arrive while the
 * disk is busy, or within the pause, share one write and one sync.
 */
export class Lane {
  readonly name: LaneName;
  readonly state: LaneState;
  readonly reader: LaneReader;
  readonly #room: Room;
  readonly #bounds: LaneBounds;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #lastStartMs = Number.NEGATIVE_INFINITY;
  #pauseMs: number;
  #closing = false;
  #stopPause: () => void = () => {};
  /** The next write starts a new file. */
  #sealed = false;
  #appending = false;
  #onData: () => void = () => {};

  constructor(name: LaneName, state: LaneState, room: Room, bounds: LaneBounds) {
    this.name = name;
    this.state = state;
    this.#room = room;
    this.#bounds = bounds;
    this.#pauseMs = bounds.pauseMs;
    this.reader = new LaneReader(state, () => this.#removeDone());
  }

  /** Called whenever there is something new to take. */
  onData(listener: () => void): void {
    this.#onData = listener;
  }

  append(entry: Entry): Promise<void> {
    return new Promise((done, failed) => {
      this.#waiting.push({ entry, done, failed });
      this.#writing ??= this.#writeAll();
    });
  }

  /** Writes what waits, once; what the disk does not take is left unacknowledged. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#stopPause();
    await this.#writing;
    for (const segment of this.state.segments) await segment.rest();
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#pause(this.#lastStartMs + this.#pauseMs - performance.now());
      const startMs = performance.now();
      this.#lastStartMs = startMs;
      const group = this.#waiting;
      this.#waiting = [];
      try {
        await this.#write(mergedEntry(group.map((one) => one.entry)));
        for (const one of group) one.done();
        this.#onData();
      } catch (error) {
        for (const one of group) one.failed(error);
      }
      this.#adapt(performance.now() - startMs);
    }
    this.#writing = undefined;
  }

  /** A write that takes long, by a slow disk or for want of processor time, makes the next one larger. */
  #adapt(tookMs: number): void {
    const { pauseMs, pauseMostMs } = this.#bounds;
    this.#pauseMs = Math.min(pauseMostMs, Math.max(pauseMs, 3 * tookMs));
  }

  async #pause(ms: number): Promise<void> {
    if (ms <= 0 || this.#closing) return;
    await new Promise<void>((done) => {
      const timer = setTimeout(done, ms);
      this.#stopPause = () => {
        clearTimeout(timer);
        done();
      };
    });
  }

  async #write(given: Entry): Promise<void> {
    let entry = given;
    let packed = packEntry(entry);
    const drop = () => {
      entry = withoutFrames(entry);
      packed = packEntry(entry);
    };
    for (;;) {
      const bytes = packed.blocks.reduce((sum, block) => sum + block.payload.length, 0);
      if (!(await this.#room.reserve(this, bytes)) && entry.frames.length > 0) drop();
      try {
        await this.#writePacked(packed);
        this.#room.afterWrite();
        return;
      } catch (error) {
        const next = await this.#room.afterFailure(this, error as NodeJS.ErrnoException, bytes);
        if (next === "drop" && entry.frames.length > 0) drop();
        else if (next !== "again") {
          if (this.#closing) throw error;
          await this.#pause(limits.writeRetryMs);
          if (this.#closing) throw error;
        }
      }
    }
  }

  async #writePacked(packed: PackedEntry): Promise<void> {
    const { state } = this;
    const standing = state.standing();
    const storedUs = Date.now() * 1_000;
    const last = state.segments.at(-1);
    const fresh = last === undefined || this.#sealed || last.bytes >= this.#bounds.segmentBytesMax;
    const segment = fresh ? new Segment(state.folder, state.nextSegment, 0) : last;
    // A new file repeats all streams: it outlives the ones before.
    const opening = { payload: Buffer.alloc(0), unpackedBytes: 0, here: newTally(), streams: state.streams.entries() };
    const blocks = fresh ? [opening, ...packed.blocks] : packed.blocks;
    const numbered = numberBlocks({ blocks, side: packed.side }, standing, storedUs);
    const start = segment.bytes;
    this.#appending = true;
    try {
      await segment.append(Buffer.concat(numbered.map((one) => one.bytes)));
    } catch (error) {
      await this.#takeBack(segment, start, fresh, error as NodeJS.ErrnoException);
      throw error;
    } finally {
      this.#appending = false;
    }
    if (fresh) {
      segment.first = numbered[0]?.block;
      state.segments.push(segment);
      state.nextSegment++;
      this.#sealed = false;
      void last?.rest();
    }
    let offset = start;
    for (const [i, { bytes, block }] of numbered.entries()) {
      this.reader.remember(segment.number, offset, bytes, block, blocks[i]?.payload.length ?? 0);
      state.streams.merge(block.streams);
      addTo(state.stored, block.here);
      offset += bytes.length;
    }
    [state.side, state.nextBlock] = [standing.side, standing.nextBlock];
  }

  /**
   * What a failed write left must not be read as stored. After a failed sync nobody knows what is on disk, so the file
   * gets no more; a reader stops in it where the next file's numbers begin.
   */
  async #takeBack(segment: Segment, start: number, fresh: boolean, error: NodeJS.ErrnoException): Promise<void> {
    const cut = await segment.cut(start);
    if (fresh) await segment.remove().catch(() => {});
    else if (!cut || !isFull(error)) this.#sealed = true;
  }

  /**
   * Gives up the oldest file that can go, and says how many frames it held; undefined where none can. The newest goes
   * only when it holds `newestBytesLeast`, and never in the middle of a write to it.
   */
  async giveUpOldest(newestBytesLeast = 0): Promise<number | undefined> {
    const { state, reader } = this;
    const index = state.segments.findIndex((segment) => !reader.isInFlight(segment.number));
    const segment = state.segments[index];
    if (segment === undefined) return undefined;
    const newest = index === state.segments.length - 1;
    if (newest && (segment.bytes < newestBytesLeast || this.#appending)) return undefined;
    if (newest) this.#sealed = true;
    const total = state.doneTotal();
    const end = state.segments[index + 1]?.first?.before ?? (newest ? state.stored : total);
    const atCursor = index === 0 || state.cursor.segment >= segment.number;
    const start = atCursor ? total : (segment.first?.before ?? total);
    const lost = above(end, start);
    addTo(state.done.given_up, lost);
    if (state.cursor.segment <= segment.number && atCursor) {
      state.cursor = { segment: segment.number + 1, offset: 0, frame: 0, block: 0 };
      state.cursorUs = undefined;
    }
    state.segments.splice(index, 1);
    reader.forget(segment.number);
    await this.#room.saveHead(true);
    await segment.remove().catch(() => {});
    return lost[framesPlace] ?? 0;
  }

  /** Files that lie wholly behind the cursor go, but for the newest. */
  async #removeDone(): Promise<void> {
    const { state } = this;
    const isDone = () => state.segments.length > 1 && (state.segments[0]?.number ?? 0) < state.cursor.segment;
    if (!isDone() || !(await this.#room.saveHead(true))) return;
    while (isDone()) {
      const segment = state.segments.shift();
      if (segment === undefined) return;
      this.reader.forget(segment.number);
      await segment.remove().catch(() => {});
    }
  }
}

export function isFull(error: NodeJS.ErrnoException): boolean {
  return error.code === "ENOSPC" || error.code === "EDQUOT" || error.code === "EFBIG";
}
