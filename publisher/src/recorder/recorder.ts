import { mkdirSync, readdirSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { limits } from "../limits.ts";
import { Loudness } from "./loudness.ts";
import { type RecordedFrame, readRecorded } from "./recorded-frame.ts";
import type { RecordingFile } from "./recording-file.ts";
import { Shelf } from "./shelf.ts";

export type RecorderOptions = {
  folder: string;
  bytesMax?: number;
  ageMsMax?: number;
  say?: (line: string) => void;
  nowMs?: () => number;
};

/** A container's frames of a window, oldest first, and what is known of what is not among them. */
export type RecordedWindow = { frames: Buffer[]; keptFromUs: number; cut: boolean; damaged: number };
export type WindowBounds = { eventsMax: number; bytesMax: number; framesMax: number };

/**
 * What containers did in the last minutes, on this node's disk and nowhere else, under a cap of its own. It gives way
 * to the spool: when the disk is short its files go before any frame that waits for the hub. What goes is counted.
 * Containers that record more than their share have files of their own, so that they do not push out the others.
 */
export class Recorder {
  readonly counts = { recorded: 0, aged: 0, given_up: 0, unwritten: 0, refused_frames: 0 };
  readonly bytesMax: number;
  readonly #folder: string;
  readonly #ageMsMax: number;
  readonly #say: (line: string) => void;
  readonly #nowMs: () => number;
  readonly #quiet: Shelf;
  readonly #loud: Shelf;
  readonly #loudness: Loudness;
  #waiting: RecordedFrame[] = [];
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #ageTimer: NodeJS.Timeout | undefined;
  #work: Promise<unknown> = Promise.resolve();
  #shortSinceMs: number | undefined;
  #opened = false;

  constructor(options: RecorderOptions) {
    this.#folder = options.folder;
    this.bytesMax = options.bytesMax ?? limits.recorder.bytesMax;
    this.#ageMsMax = options.ageMsMax ?? limits.recorder.ageMsMax;
    this.#say = options.say ?? (() => {});
    this.#nowMs = options.nowMs ?? Date.now;
    this.#quiet = new Shelf(options.folder, "quiet");
    this.#loud = new Shelf(options.folder, "loud");
    this.#loudness = new Loudness(this.bytesMax * limits.recorder.loudPartPerMinute);
  }

  /** Finds what an earlier process recorded. A disk that does not let it is said, and nothing is recorded then. */
  async open(): Promise<void> {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      const names = readdirSync(this.#folder);
      for (const shelf of [this.#quiet, this.#loud]) await shelf.open(names);
      this.#opened = true;
    } catch (error) {
      this.#say(`the flight recorder has no folder (${(error as Error).message}); nothing is recorded`);
    }
    this.#ageTimer = setInterval(() => void this.#alone(() => this.#forgetOld()), limits.recorder.ageCheckMs);
    this.#ageTimer.unref();
    await this.#alone(() => this.#forgetOld());
  }

  get bytes(): number {
    return this.#quiet.bytes + this.#loud.bytes;
  }

  /** All files, the one that was written last first; those of a shelf in their own order, whatever a clock said meanwhile. */
  #newestFirst(): RecordingFile[] {
    const [quiet, loud] = [[...this.#quiet.files], [...this.#loud.files]];
    const lastUs = (files: readonly RecordingFile[]) => files.at(-1)?.lastUs ?? Number.NEGATIVE_INFINITY;
    const all: RecordingFile[] = [];
    while (quiet.length + loud.length > 0) {
      const next = lastUs(loud) > lastUs(quiet) ? loud.pop() : quiet.pop();
      if (next !== undefined) all.push(next);
    }
    return all;
  }

  /** Since when it holds everything that it was not too loud for; undefined where it holds nothing. */
  get oldestUs(): number | undefined {
    return this.#quiet.files[0]?.firstUs ?? this.#loud.files[0]?.firstUs;
  }

  /** True from the first frame on that was ever recorded here. */
  get isUsed(): boolean {
    return this.bytes > 0 || Object.values(this.counts).some((count) => count > 0);
  }

  /** Takes frames as they came up the socket; they are written within a moment. Nobody waits for it. */
  take(frames: readonly Buffer[]): void {
    for (const bytes of frames) {
      const frame = readRecorded(bytes);
      if (frame === undefined || frame.next !== bytes.length) this.counts.refused_frames += 1;
      else if (!this.#opened || this.#waitingBytes + bytes.length > limits.recorder.waitingBytesMax)
        this.counts.unwritten += frame.header.eventCount;
      else {
        this.#waiting.push(frame);
        this.#waitingBytes += bytes.length;
      }
    }
    if (this.#waiting.length > 0)
      this.#timer ??= setTimeout(() => void this.#alone(() => this.#write()), limits.recorder.writePauseMs);
  }

  /** The newest frames of a container that hold something since `fromUs`, within the bounds. */
  window(containerId: string, fromUs: number, bounds: WindowBounds): Promise<RecordedWindow> {
    return this.#alone(async () => {
      await this.#write();
      const collected = new Collected(fromUs, bounds);
      for (const file of this.#newestFirst()) {
        if (collected.isFull) break;
        if (file.lastUs < fromUs) continue;
        const blocks = await file.blocksOf(containerId).catch(() => undefined);
        if (blocks === undefined) collected.damaged += 1;
        for (const block of blocks?.toReversed() ?? []) {
          if (collected.isFull) break;
          const frames = block.frames();
          if (frames === undefined) collected.damaged += 1;
          else collected.add(frames.filter((frame) => frame.header.containerId === containerId));
          // Unpacking takes milliseconds: the socket is served in between.
          await new Promise((done) => setImmediate(done));
        }
      }
      const { frames, damaged, isFull } = collected;
      return { frames: frames.reverse(), keptFromUs: this.oldestUs ?? 0, cut: isFull, damaged };
    });
  }

  /** The spool's disk is short of room: the oldest file goes. False where there is none. */
  giveWay(): Promise<boolean> {
    this.#shortSinceMs = performance.now();
    return this.#alone(() => this.#giveUpOldest());
  }

  async close(): Promise<void> {
    clearInterval(this.#ageTimer);
    await this.#alone(() => this.#write());
  }

  /** One thing at a time: a file is not removed while it is read. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#work.then(work);
    this.#work = done.catch(() => {});
    return done;
  }

  async #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    const nowMs = this.#nowMs();
    const shelves = Map.groupBy(waiting, ({ bytes, header }) =>
      this.#loudness.isLoud(header.containerId, bytes.length, nowMs) ? this.#loud : this.#quiet,
    );
    for (const [shelf, frames] of shelves) {
      for (let from = 0; from < frames.length; ) {
        let [to, bytes] = [from, 0];
        while (to < frames.length && (to === from || bytes < limits.blockBytesMax / 2))
          bytes += frames[to++]?.bytes.length ?? 0;
        await this.#writeBlock(shelf, frames.slice(from, to));
        from = to;
      }
    }
    await this.#forgetOld();
  }

  async #writeBlock(shelf: Shelf, frames: readonly RecordedFrame[]): Promise<void> {
    const events = frames.reduce((sum, frame) => sum + frame.header.eventCount, 0);
    if (!(await this.#hasRoom())) {
      this.counts.unwritten += events;
      return;
    }
    const nowUs = this.#nowMs() * 1_000;
    const file = shelf.current(nowUs, Math.min(limits.recorder.fileBytesMax, this.bytesMax / 16));
    try {
      await file.append(frames, nowUs);
      if (!shelf.files.includes(file)) shelf.files.push(file);
      this.counts.recorded += events;
    } catch (error) {
      if (this.#shortSinceMs === undefined)
        this.#say(`the flight recorder's disk takes nothing (${(error as Error).message}); what comes is not recorded`);
      this.#shortSinceMs = performance.now();
      this.counts.unwritten += events;
      if (!shelf.files.includes(file)) await file.remove(); // nothing of it was written
    }
    while (this.bytes > this.bytesMax && (await this.#giveUpOldest())) {
      // Until it fits again.
    }
  }

  /** After the disk was short, it is left to the spool until there is room for more than a moment. */
  async #hasRoom(): Promise<boolean> {
    if (this.#shortSinceMs === undefined) return true;
    const { bsize, bavail } = await statfs(this.#folder).catch(() => ({ bsize: 0, bavail: 0 }));
    const isRoomy = bsize * bavail > 2 * limits.roomyBytes;
    if (!isRoomy || performance.now() - this.#shortSinceMs < limits.roomyMs) return false;
    this.#shortSinceMs = undefined;
    return true;
  }

  /** Of the loud ones first, as long as they have more than what is theirs. */
  async #giveUpOldest(): Promise<boolean> {
    const isLoudFirst = this.#loud.bytes > this.bytesMax * limits.recorder.loudPartKept;
    const order = isLoudFirst ? [this.#loud, this.#quiet] : [this.#quiet, this.#loud];
    for (const shelf of order) {
      const events = await shelf.removeOldest();
      if (events === undefined) continue;
      this.counts.given_up += events;
      return true;
    }
    return false;
  }

  /** Files go when all of what they hold is older than the window. A clock that was set back keeps them longer. */
  async #forgetOld(): Promise<void> {
    const oldestUs = (this.#nowMs() - this.#ageMsMax) * 1_000;
    for (const shelf of [this.#quiet, this.#loud]) {
      while (shelf.files[0] !== undefined && shelf.files[0].lastUs < oldestUs)
        this.counts.aged += (await shelf.removeOldest()) ?? 0;
    }
  }
}

/** Frames of a window, newest first, until a bound is reached. */
class Collected {
  readonly frames: Buffer[] = [];
  isFull = false;
  damaged = 0;
  readonly #fromUs: number;
  readonly #bounds: WindowBounds;
  #events = 0;
  #bytes = 0;

  constructor(fromUs: number, bounds: WindowBounds) {
    this.#fromUs = fromUs;
    this.#bounds = bounds;
  }

  /** Frames of one block, oldest first. */
  add(frames: readonly RecordedFrame[]): void {
    for (const { bytes, header } of frames.toReversed()) {
      if (header.lastTimeUs < this.#fromUs) continue;
      const events = this.#events + header.eventCount;
      const size = this.#bytes + bytes.length;
      const { eventsMax, bytesMax, framesMax } = this.#bounds;
      if (events > eventsMax || size > bytesMax || this.frames.length >= framesMax) {
        this.isFull = true;
        return;
      }
      [this.#events, this.#bytes] = [events, size];
      // In memory of its own: as a part of its block it would keep the whole block, what others did too.
      const own = Buffer.allocUnsafeSlow(bytes.length);
      own.set(bytes);
      this.frames.push(own);
    }
  }
}
