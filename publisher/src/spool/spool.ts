import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { Fault, type Resume } from "@atalaya/wire/framing";
import type { Counters } from "../counters.ts";
import { limits } from "../limits.ts";
import { countOne, isEmpty, newEntry } from "./entry.ts";
import { FileLock } from "./file-lock.ts";
import { isBulk, readFrameHead } from "./frame-head.ts";
import { HeadFile } from "./head-file.ts";
import { isFull, Lane, type LaneName, type Room } from "./lane.ts";
import { recoverLane } from "./lane-recovery.ts";
import { LaneState } from "./lane-state.ts";
import { StreamTable } from "./stream-table.ts";
import { framesPlace, isZero } from "./tally.ts";

export type SpoolOptions = {
  folder: string;
  counters: Counters;
  bytesMax?: number;
  ageMsMax?: number;
  /** Between two writes of a lane; the limits' where not told. */
  pauseMs?: number;
  /** Gives some of a full disk back that is worth less than any frame here; false where there is none. */
  relieve?: () => Promise<boolean>;
  say?: (line: string) => void;
};

const laneNames = ["life", "bulk"] as const;

/**
 * Frames on disk until the hub has them. Life-cycle and reports lie in one lane, files and network in another; both
 * share one cap, and when room is short, by the cap or by the disk, bulk gives way first, oldest first.
 */
export class Spool {
  readonly lanes: Record<LaneName, Lane>;
  readonly bytesMax: number;
  epoch = "";
  /** False while the disk takes nothing. */
  writable = true;
  readonly #folder: string;
  readonly #counters: Counters;
  readonly #ageMsMax: number;
  readonly #relieve: () => Promise<boolean>;
  readonly #say: (line: string) => void;
  readonly #head: HeadFile;
  /** How far frames were taken in, also those that are on their way to the disk. */
  readonly #accepted = new StreamTable();
  #lock: FileLock | undefined;
  #shortSinceMs: number | undefined;
  #headWriting: Promise<unknown> = Promise.resolve();
  #headTimer: NodeJS.Timeout | undefined;
  #ageTimer: NodeJS.Timeout | undefined;

  constructor(options: SpoolOptions) {
    this.#folder = options.folder;
    this.#counters = options.counters;
    this.bytesMax = options.bytesMax ?? limits.spoolBytesMax;
    this.#ageMsMax = options.ageMsMax ?? limits.spoolAgeMsMax;
    this.#relieve = options.relieve ?? (async () => false);
    this.#say = options.say ?? (() => {});
    this.#head = new HeadFile(join(options.folder, "head"));
    const room: Room = {
      reserve: (lane, bytes) => this.#reserve(lane, bytes),
      afterFailure: (lane, error, bytes) => this.#afterFailure(lane, error, bytes),
      afterWrite: () => this.#afterWrite(),
      saveHead: (durable) => this.#saveHead(durable),
    };
    const segmentBytesMax = Math.min(limits.segmentBytesMax, Math.floor(this.bytesMax / 16));
    const { pauseMs } = options;
    const made = (name: LaneName) => {
      const state = new LaneState(join(options.folder, name));
      const pauses = { pauseMs: limits.writePauseMs[name], pauseMostMs: limits.writePauseMostMs[name] };
      const own = pauseMs === undefined ? pauses : { pauseMs, pauseMostMs: pauseMs };
      return new Lane(name, state, room, { segmentBytesMax, ...own });
    };
    this.lanes = { life: made("life"), bulk: made("bulk") };
  }

  /** Finds what an earlier process left. Throws Fault DATA_UNWRITABLE, also where another publisher has the folder. */
  async open(): Promise<void> {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      this.#lock = FileLock.take(join(this.#folder, "lock"));
    } catch (cause) {
      throw this.#unusable("make it writable, or name another folder with --spool", cause);
    }
    if (this.#lock === undefined) throw this.#unusable("another publisher uses it: stop that one first");
    try {
      const head = this.#head.read();
      this.epoch = head?.epoch ?? randomBytes(16).toString("hex");
      for (const name of laneNames) {
        const { state } = this.lanes[name];
        const { cutBytes, badFiles } = await recoverLane(state, head?.lanes[name]);
        this.#accepted.merge(state.streams.entries());
        if (cutBytes === 0 && badFiles === 0) continue;
        this.#counters.add(`${name}_cut_bytes`, cutBytes);
        this.#say(`the spool's ${name} lane had ${cutBytes} bytes that are no good, cut off (a crash, or the disk)`);
      }
    } catch (cause) {
      this.#lock.release();
      throw this.#unusable("make it writable, or name another folder with --spool", cause);
    }
    // Offsets in an older head may not fit what was cut.
    await this.#saveHead(true);
    this.#ageTimer = setInterval(() => void this.giveUpOld(), limits.ageCheckMs);
    this.#ageTimer.unref();
  }

  #unusable(advice: string, cause?: unknown): Fault {
    return new Fault(
      "DATA_UNWRITABLE",
      `The spool ${this.#folder} cannot be used: ${advice}.`,
      { folder: this.#folder },
      cause,
    );
  }

  /** Resolves when all frames are on disk, or were there, or are counted there as what became of them. */
  async keep(frames: readonly Buffer[]): Promise<void> {
    const entries = { life: newEntry(), bulk: newEntry() };
    for (const bytes of frames) {
      const read = readFrameHead(bytes);
      if (!read.ok || (read.head.kind !== 0 && read.head.bytes !== bytes.length)) {
        const { kind, eventCount } = read.ok ? read.head : read.bad;
        this.#counters.add("malformed_frames");
        countOne(entries.life.side.refused, kind, eventCount);
        continue;
      }
      const { head } = read;
      const entry = entries[isBulk(head.kind) ? "bulk" : "life"];
      if (this.#accepted.has(head)) {
        countOne(entry.side.deduplicated, head.kind, head.eventCount);
        continue;
      }
      if (StreamTable.follows(head)) this.#accepted.set(head.stream, head.lastPosition);
      else head.stream = "";
      entry.frames.push({ bytes, head });
    }
    const writes = laneNames
      .filter((name) => !isEmpty(entries[name]))
      .map((name) => this.lanes[name].append(entries[name]));
    await Promise.all(writes);
  }

  /** For a collector that connects: what it need not hand over again. */
  resume(): Resume {
    return { streams: laneNames.flatMap((name) => this.lanes[name].state.streams.streams()) };
  }

  get bytes(): number {
    return this.lanes.life.state.bytes + this.lanes.bulk.state.bytes;
  }

  /** Frames on disk that were not delivered. */
  get pendingFrames(): number {
    return laneNames.reduce((sum, name) => sum + (this.lanes[name].state.pending()[framesPlace] ?? 0), 0);
  }

  /** When the oldest frame that waits was stored; null where none waits. */
  get oldestUs(): number | null {
    const times = laneNames.flatMap((name) => {
      const { state } = this.lanes[name];
      const at = state.cursorUs ?? state.segments[0]?.first?.storedUs;
      return isZero(state.pending()) || at === undefined ? [] : [at];
    });
    return times.length === 0 ? null : Math.min(...times);
  }

  async #reserve(lane: Lane, bytes: number): Promise<boolean> {
    const isLife = lane.name === "life";
    if (!isLife && this.#shortSinceMs !== undefined && !(await this.#isRoomy())) return false;
    while (this.bytes + bytes > this.bytesMax) {
      if ((await this.#giveUp("bulk", 1)) || (isLife && (await this.#giveUp("life", 1)))) continue;
      return isLife;
    }
    return true;
  }

  /** After the disk was full, bulk is not stored before there is room for more than a moment. */
  async #isRoomy(): Promise<boolean> {
    const { bsize, bavail } = await statfs(this.#folder).catch(() => ({ bsize: 0, bavail: 0 }));
    const roomy = bsize * bavail > Math.min(limits.roomyBytes, this.bytesMax / 16);
    const waited = performance.now() - (this.#shortSinceMs ?? 0) > limits.roomyMs;
    if (roomy && waited) this.#shortSinceMs = undefined;
    return roomy && waited;
  }

  async #giveUp(name: LaneName, newestBytesLeast: number): Promise<boolean> {
    const lane = this.lanes[name];
    const frames = await lane.giveUpOldest(newestBytesLeast);
    if (frames === undefined) return false;
    if (frames > 0) this.#counters.add(`${name}_given_up_frames`, frames);
    return true;
  }

  async #afterFailure(lane: Lane, error: NodeJS.ErrnoException, bytes: number): Promise<"again" | "drop" | "wait"> {
    this.#counters.add("failed_writes");
    if (isFull(error) && (await this.#relieve())) return "again";
    if (this.writable)
      this.#say(`the spool's disk takes nothing (${error.code ?? error.message}); ${consequence(error)}`);
    this.writable = false;
    if (!isFull(error)) return "wait";
    this.#shortSinceMs = performance.now();
    if (await this.#giveUp("bulk", lane.name === "bulk" ? bytes : 1)) return "again";
    if (lane.name === "bulk") return "drop";
    return (await this.#giveUp("life", 2 * bytes + 8192)) ? "again" : "wait";
  }

  #afterWrite(): void {
    if (!this.writable) this.#say("the spool's disk takes frames again");
    this.writable = true;
    this.#headTimer ??= setTimeout(() => void this.#saveHead(false), limits.headPauseMs);
  }

  /** What was settled is written down soon; nobody waits for it: an older head means that some frames are sent twice. */
  settled(): void {
    this.#headTimer ??= setTimeout(() => void this.#saveHead(false), limits.headPauseMs);
  }

  /** Writes the head now. */
  async checkpoint(): Promise<void> {
    await this.#saveHead(false);
  }

  #saveHead(durable: boolean): Promise<boolean> {
    clearTimeout(this.#headTimer);
    this.#headTimer = undefined;
    const saved = this.#headWriting.then(async () => {
      const lanes = { life: this.lanes.life.state.head(), bulk: this.lanes.bulk.state.head() };
      try {
        await this.#head.write({ epoch: this.epoch, lanes }, durable);
        return true;
      } catch {
        this.#counters.add("head_unwritten");
        return false;
      }
    });
    this.#headWriting = saved;
    return saved;
  }

  /** Files whose frames are all older than the limit go. A clock that was never set says nothing about age. */
  async giveUpOld(nowUs = Date.now() * 1_000): Promise<void> {
    const oldestUs = nowUs - this.#ageMsMax * 1_000;
    for (const name of laneNames) {
      const { state } = this.lanes[name];
      for (;;) {
        const [oldest, next] = state.segments;
        const storedUs = next?.first?.storedUs;
        if (oldest === undefined || storedUs === undefined || storedUs > oldestUs || storedUs < clockIsSetUs) break;
        if (!(await this.#giveUp(name, Number.POSITIVE_INFINITY))) break;
      }
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#ageTimer);
    await this.lanes.life.close();
    await this.lanes.bulk.close();
    await this.#saveHead(true);
    this.#head.close();
    this.#lock?.release();
  }
}

/** 2025: nothing was stored by this program before. */
const clockIsSetUs = 1_735_689_600_000_000;

function consequence(error: NodeJS.ErrnoException): string {
  return isFull(error)
    ? "the oldest files and network events give way, then the oldest of the rest"
    : "frames wait at the collector until it does";
}
