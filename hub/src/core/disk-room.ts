import { statfs } from "node:fs/promises";
import { Fault } from "@atalaya/wire";
import { folderBytes } from "../store/folder-bytes.ts";
import { storeLimits } from "./limits.ts";

/**
 * Whether there is room for events. They are refused while the disk still has a reserve, so that reads, people's changes
 * and the database's own log go on; and for a moment after a write that failed, whatever the disk says (a quota, a disk
 * that became read-only). It recovers by itself.
 */
export class DiskRoom {
  readonly #folder: string;
  readonly #said: (line: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #isShort = false;
  #failedMs: number | undefined;
  #wasWritable = true;
  freeBytes = Number.POSITIVE_INFINITY;
  storeBytes = 0;
  /** What has to be freed until events are taken again; 0 while there is room. */
  bytesShort = 0;
  refused = 0;

  /** `said` is told when the disk fills, and when there is room again. */
  constructor(folder: string, said: (line: string) => void) {
    this.#folder = folder;
    this.#said = said;
  }

  async start(): Promise<void> {
    await this.look();
    this.#timer = setInterval(() => void this.look(), storeLimits.roomLookedAtMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Measures the disk and the store. */
  async look(): Promise<void> {
    try {
      const { bavail, blocks, bsize } = await statfs(this.#folder);
      this.freeBytes = bavail * bsize;
      const reserve = reserveOf(blocks * bsize);
      // A little more than the reserve before it is open again: else each request would open and close it.
      this.#isShort = this.freeBytes < (this.#isShort ? reserve * storeLimits.reserveReopens : reserve);
      this.bytesShort = this.#isShort ? Math.ceil(reserve * storeLimits.reserveReopens - this.freeBytes) : 0;
      this.storeBytes = await folderBytes(this.#folder);
    } catch (error) {
      this.#said(`the disk of ${this.#folder} cannot be measured: ${error instanceof Error ? error.message : error}`);
    }
    this.#tell();
  }

  get isWritable(): boolean {
    return !this.#isShort && this.#failedMs === undefined;
  }

  /** Throws Fault STORE_FULL when events are not taken now. */
  require(): void {
    const waits = this.#failedMs !== undefined && performance.now() - this.#failedMs < storeLimits.writeRetryMs;
    if (!this.#isShort && !waits) return;
    this.refused += 1;
    throw new Fault(
      "STORE_FULL",
      `The hub's disk is full (${Math.floor(this.freeBytes / 2 ** 20)} MiB free): nothing new is taken, and senders keep what they have. Make room, or keep less: --keep-days, --keep-bytes.`,
      { retry_after_s: storeLimits.fullRetryAfterS, free_bytes: this.freeBytes },
    );
  }

  /** A commit failed because of the disk. */
  failed(): void {
    this.#failedMs = performance.now();
    this.#tell();
  }

  succeeded(): void {
    if (this.#failedMs === undefined) return;
    this.#failedMs = undefined;
    this.#tell();
  }

  #tell(): void {
    if (this.isWritable === this.#wasWritable) return;
    this.#wasWritable = this.isWritable;
    const free = `${Math.floor(this.freeBytes / 2 ** 20)} MiB free`;
    this.#said(this.isWritable ? `the disk takes events again (${free})` : `the disk takes no events (${free})`);
  }
}

/** Of a small disk only a part, so that it is of use at all. */
export function reserveOf(diskBytes: number): number {
  return Math.min(storeLimits.reserveBytes, Math.floor(diskBytes * storeLimits.reserveShare));
}
