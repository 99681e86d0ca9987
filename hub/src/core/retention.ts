import { setTimeout as pause } from "node:timers/promises";
import { oldEventFiles, removeEventFile } from "../store/event-files.ts";
import { type ForgottenKind, forgottenKinds } from "../store/forget-old.ts";
import type { DiskRoom } from "./disk-room.ts";
import { storeLimits } from "./limits.ts";

export type RetentionParts = {
  folder: string;
  keepDays: number;
  keepBytes: number;
  room: DiskRoom;
  /** Deletes some old rows of a kind, in the writer's next group; gives how many. */
  forget(kind: ForgottenKind, beforeUs: number): Promise<number>;
  said(line: string): void;
};

const dayUs = 86_400_000_000;
/** What is kept for another time than the days of the settings. */
const keptLong: Partial<Record<ForgottenKind, number>> = {
  streams: storeLimits.streamKeptUs,
  minutes: storeLimits.histogramKeptUs,
  objects: storeLimits.goneObjectsKeptUs,
};

/**
 * Forgets what is too old or too much: resolved alerts by age; days of process history by age, by size, and when the disk
 * is full, before events are refused for long. Rows go in small steps between the writer's groups.
 */
export class Retention {
  readonly #parts: RetentionParts;
  readonly #timers: NodeJS.Timeout[] = [];
  /** What was removed since the hub started. */
  readonly removed: Record<string, number> = { event_files: 0 };
  #running: Promise<void> = Promise.resolve();
  #isBusy = false;
  #closed = false;

  constructor(parts: RetentionParts) {
    this.#parts = parts;
    for (const kind of forgottenKinds) this.removed[kind] = 0;
  }

  get settings(): { keep_days: number; keep_bytes: number } {
    return { keep_days: this.#parts.keepDays, keep_bytes: this.#parts.keepBytes };
  }

  start(): void {
    this.#timers.push(setInterval(() => this.#begin(), storeLimits.retentionEveryMs).unref());
    this.#timers.push(setInterval(() => this.#beginIfShort(), storeLimits.roomLookedAtMs).unref());
    this.#begin();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    await this.#running;
  }

  #beginIfShort(): void {
    if (this.#parts.room.bytesShort > 0) this.#begin();
  }

  #begin(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#running = this.run()
      .catch((error) => this.#parts.said(`retention: ${error instanceof Error ? error.message : error}`))
      .finally(() => {
        this.#isBusy = false;
      });
  }

  /** One round: everything that is too old or too much now. */
  async run(nowUs = Date.now() * 1_000): Promise<void> {
    await this.#files(nowUs);
    const keptFromUs = nowUs - this.#parts.keepDays * dayUs;
    for (const kind of forgottenKinds) {
      const keptUs = keptLong[kind];
      await this.#rows(kind, keptUs === undefined ? keptFromUs : nowUs - keptUs);
    }
  }

  async #files(nowUs: number): Promise<void> {
    const { folder, keepDays, keepBytes, room, said } = this.#parts;
    await room.look();
    const bytesOver = Math.max(room.bytesShort, room.storeBytes - keepBytes);
    for (const name of await oldEventFiles(folder, { nowMs: nowUs / 1_000, days: keepDays, bytesOver })) {
      await removeEventFile(folder, name);
      this.#count("event_files", 1);
      said(`the process history of ${name} was removed (kept: ${keepDays} days, ${keepBytes} bytes)`);
    }
  }

  async #rows(kind: ForgottenKind, beforeUs: number): Promise<void> {
    while (!this.#closed) {
      const n = await this.#parts.forget(kind, beforeUs);
      if (n === 0) return;
      this.#count(kind, n);
      await pause(storeLimits.retentionPauseMs);
    }
  }

  #count(what: string, n: number): void {
    this.removed[what] = (this.removed[what] ?? 0) + n;
  }
}
