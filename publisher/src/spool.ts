import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "@atalaya/wire";
import type { Counters } from "./counters.ts";
import { limits } from "./limits.ts";
import { recordHeaderBytes, Segment } from "./segment.ts";

type Waiting = { frames: Buffer[]; done: () => void; failed: (error: unknown) => void };

/**
 * Frames on disk, oldest first. `append` resolves when they are durable; appends that arrive while the disk is busy
 * share one sync. What was delivered is remembered in `head` (not synced: after a crash some frames are sent twice,
 * which the hub drops by their ring position).
 */
export class Spool {
  readonly name: string;
  readonly #folder: string;
  readonly #counters: Counters;
  readonly #bytesMax: number;
  #segments: Segment[] = [];
  #bytes = 0;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  /** The newest frames by segment and index: `#memoryBytes` of them. */
  readonly #memory = new Map<string, Buffer>();
  #memoryBytes = 0;
  #taken = 0;
  #lastWriteMs = Number.NEGATIVE_INFINITY;
  #closing = false;
  #headTimer: NodeJS.Timeout | undefined;
  #onData: () => void = () => {};

  constructor(name: string, folder: string, counters: Counters, bytesMax: number = limits.spoolBytesMax / 2) {
    this.name = name;
    this.#folder = join(folder, name);
    this.#counters = counters;
    this.#bytesMax = bytesMax;
  }

  /** Finds what an earlier process left. Throws Fault DATA_UNWRITABLE. */
  async open(): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      const names = (await readdir(this.#folder)).filter((name) => name.endsWith(".spool")).sort();
      for (const name of names) {
        const { segment, cutBytes } = await Segment.recover(this.#folder, Number.parseInt(name, 10));
        if (cutBytes > 0) this.#counters.add(`${this.name}_torn_bytes`, cutBytes);
        this.#segments.push(segment);
        this.#bytes += segment.bytes;
      }
      await this.#applyHead();
      await this.#removeDone();
    } catch (cause) {
      throw new Fault(
        "DATA_UNWRITABLE",
        `The spool ${this.#folder} cannot be used: make it writable, or name another folder with --spool.`,
        { folder: this.#folder },
        cause,
      );
    }
  }

  async #applyHead(): Promise<void> {
    const text = await readFile(join(this.#folder, "head"), "utf8").catch(() => "");
    const [number, done] = text.split(" ").map(Number);
    for (const segment of this.#segments) {
      if (segment.number < (number ?? 0)) segment.done = segment.records.length;
      else if (segment.number === number) segment.done = Math.min(done ?? 0, segment.records.length);
    }
  }

  /** Called whenever there is something new to take. */
  onData(listener: () => void): void {
    this.#onData = listener;
  }

  /** Frames on disk that nobody took or confirmed yet. */
  get pending(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.records.length - segment.done, 0);
  }

  append(frames: Buffer[]): Promise<void> {
    return new Promise((done, failed) => {
      this.#waiting.push({ frames, done, failed });
      this.#writing ??= this.#writeAll();
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const pauseMs = this.#lastWriteMs + limits.writePauseMs - performance.now();
      if (pauseMs > 0 && !this.#closing) await new Promise((done) => setTimeout(done, pauseMs));
      this.#lastWriteMs = performance.now();
      const group = this.#waiting;
      this.#waiting = [];
      try {
        await this.#write(group.flatMap((one) => one.frames));
        for (const one of group) one.done();
        this.#onData();
      } catch (error) {
        for (const one of group) one.failed(error);
      }
    }
    this.#writing = undefined;
  }

  async #write(frames: Buffer[]): Promise<void> {
    let last = this.#segments.at(-1);
    if (last === undefined || last.bytes >= limits.segmentBytesMax) {
      last = await Segment.create(this.#folder, (last?.number ?? 0) + 1);
      this.#segments.push(last);
    }
    const before = last.bytes;
    const first = last.records.length;
    await last.append(frames);
    this.#bytes += last.bytes - before;
    for (const [i, frame] of frames.entries()) this.#remember(`${last.number}:${first + i}`, frame);
    while (this.#bytes > this.#bytesMax && this.#segments.length > 1) await this.#giveUpOldest();
  }

  #remember(key: string, frame: Buffer): void {
    this.#memory.set(key, frame);
    this.#memoryBytes += frame.length;
    for (const [oldest, bytes] of this.#memory) {
      if (this.#memoryBytes <= limits.memoryBytesMax) return;
      this.#memory.delete(oldest);
      this.#memoryBytes -= bytes.length;
    }
  }

  #forget(key: string): void {
    const frame = this.#memory.get(key);
    if (frame === undefined) return;
    this.#memory.delete(key);
    this.#memoryBytes -= frame.length;
  }

  async #giveUpOldest(): Promise<void> {
    const oldest = this.#segments[0];
    if (oldest === undefined) return;
    const frames = oldest.records.length - oldest.done;
    this.#counters.add(`${this.name}_given_up_frames`, frames);
    this.#taken = Math.max(0, this.#taken - frames);
    oldest.done = oldest.records.length;
    await this.#removeDone();
  }

  /** The oldest frames, as many as fit into a batch (at least one); they stay until `confirm`. */
  async take(bytesMax: number, framesMax: number): Promise<Buffer[]> {
    const frames: Buffer[] = [];
    let bytes = 0;
    for (const segment of [...this.#segments]) {
      for (let i = segment.done; i < segment.records.length; i++) {
        const record = segment.records[i];
        if (record === undefined || frames.length >= framesMax) break;
        if (frames.length > 0 && bytes + record.bytes > bytesMax) return this.#took(frames);
        frames.push(this.#memory.get(`${segment.number}:${i}`) ?? (await segment.read(record)));
        bytes += record.bytes + recordHeaderBytes;
      }
    }
    return this.#took(frames);
  }

  #took(frames: Buffer[]): Buffer[] {
    this.#taken = frames.length;
    return frames;
  }

  /** What `take` gave last was delivered (or is refused for good): it goes. */
  async confirm(): Promise<void> {
    while (this.#taken > 0) {
      const segment = this.#segments.find((one) => one.done < one.records.length);
      if (segment === undefined) break;
      this.#forget(`${segment.number}:${segment.done}`);
      segment.done++;
      this.#taken--;
    }
    this.#taken = 0;
    await this.#removeDone();
    this.#headTimer ??= setTimeout(() => void this.#writeHead(), limits.headPauseMs);
  }

  /** Nobody waits for it: an older head, or none, only means that some frames are sent twice. */
  async #writeHead(): Promise<void> {
    clearTimeout(this.#headTimer);
    this.#headTimer = undefined;
    const head = this.#segments[0];
    if (head === undefined) return;
    const text = `${head.number} ${head.done}`;
    await writeFile(join(this.#folder, "head"), text, { mode: 0o600 }).catch(() =>
      this.#counters.add("head_unwritten"),
    );
  }

  async #removeDone(): Promise<void> {
    for (;;) {
      const first = this.#segments[0];
      // The newest segment stays: its number is where the next one counts on from.
      if (first === undefined || this.#segments.length === 1 || first.done < first.records.length) return;
      this.#segments.shift();
      this.#bytes -= first.bytes;
      await first.remove();
    }
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.#writing;
    await this.#writeHead();
    for (const segment of this.#segments) await segment.close();
    this.#segments = [];
  }
}
