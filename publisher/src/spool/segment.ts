import { close, constants, fdatasync, ftruncate, open, read, stat, unlink, write } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { BlockHead } from "./block.ts";

// The calls with a callback cost half of what those of node:fs/promises do.
const openFile = promisify(open) as (path: string, flags: number, mode?: number) => Promise<number>;
const closeFile = promisify(close);
const syncFile = promisify(fdatasync);
const cutFile = promisify(ftruncate);
const removeFile = promisify(unlink);
const statFile = promisify(stat);

/** One file of blocks. `bytes` is how much of it is known to be durable: behind it lies nothing, or what a crash tore. */
export class Segment {
  readonly number: number;
  readonly path: string;
  bytes: number;
  /** The first good block in it. */
  first: Pick<BlockHead, "number" | "before" | "storedUs"> | undefined;
  #file: number | undefined;
  #opening: Promise<number> | undefined;
  #users = 0;
  #gone = false;

  constructor(folder: string, number: number, bytes: number) {
    this.number = number;
    this.path = segmentPath(folder, number);
    this.bytes = bytes;
  }

  /** One that an earlier process left. */
  static async found(folder: string, number: number): Promise<Segment> {
    return new Segment(folder, number, (await statFile(segmentPath(folder, number))).size);
  }

  /** Writes behind what is durable and syncs. Throws what the file system throws; then nothing counts as written. */
  async append(bytes: Buffer): Promise<void> {
    await this.#using(constants.O_RDWR | constants.O_CREAT, async (file) => {
      let written = 0;
      while (written < bytes.length) written += await writeSome(file, bytes, written, this.bytes + written);
      await syncFile(file);
      this.bytes += bytes.length;
    });
  }

  /** Reads up to `size` bytes at `at`; fewer at the end of the file. */
  async read(at: number, size: number): Promise<Buffer> {
    return await this.#using(constants.O_RDWR, async (file) => {
      const wanted = Math.max(0, Math.min(size, this.bytes - at));
      const bytes = Buffer.allocUnsafeSlow(wanted);
      let got = 0;
      while (got < wanted) {
        const step = await readSome(file, bytes, got, wanted - got, at + got);
        if (step === 0) break;
        got += step;
      }
      return bytes.subarray(0, got);
    });
  }

  /** Cuts what lies behind `bytes`; false where the disk does not let us. */
  async cut(bytes: number): Promise<boolean> {
    try {
      await this.#using(constants.O_RDWR | constants.O_CREAT, (file) => cutFile(file, bytes));
      this.bytes = bytes;
      return true;
    } catch {
      return false;
    }
  }

  /** Nobody needs it open for now. */
  async rest(): Promise<void> {
    const file = this.#file;
    if (file === undefined || this.#users > 0) return;
    this.#file = undefined;
    this.#opening = undefined;
    await closeFile(file).catch(() => {});
  }

  /** Its room is free when the last read is done. */
  async remove(): Promise<void> {
    this.#gone = true;
    await removeFile(this.path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
    await this.rest();
  }

  async #using<T>(flags: number, work: (file: number) => Promise<T>): Promise<T> {
    this.#users++;
    try {
      this.#opening ??= openFile(this.path, flags, 0o600);
      this.#file = await this.#opening.catch((error: unknown) => {
        this.#opening = undefined;
        throw error;
      });
      return await work(this.#file);
    } finally {
      this.#users--;
      if (this.#gone) await this.rest();
    }
  }
}

function writeSome(file: number, bytes: Buffer, from: number, at: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(file, bytes, from, bytes.length - from, at, (error, count) => (error ? reject(error) : resolve(count)));
  });
}

function readSome(file: number, bytes: Buffer, from: number, size: number, at: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(file, bytes, from, size, at, (error, count) => (error ? reject(error) : resolve(count)));
  });
}

export function segmentPath(folder: string, number: number): string {
  return join(folder, `${String(number).padStart(12, "0")}.spool`);
}
