import { constants } from "node:fs";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { limits as wireLimits } from "@atalaya/wire";

// A segment file holds records one after another:
//   u32 length | u32 crc32 of the frame | the frame
// The length comes first and the checksum covers the frame, so a tail that a crash tore is found and cut.

export const recordHeaderBytes = 8;
export type SpoolRecord = { offset: number; bytes: number };

/** Writes frames after one another; the caller syncs. */
export function recordsOf(frames: readonly Buffer[]): Buffer {
  const total = frames.reduce((sum, frame) => sum + recordHeaderBytes + frame.length, 0);
  const out = Buffer.allocUnsafe(total);
  let at = 0;
  for (const frame of frames) {
    out.writeUInt32LE(frame.length, at);
    out.writeUInt32LE(crc32(frame), at + 4);
    frame.copy(out, at + recordHeaderBytes);
    at += recordHeaderBytes + frame.length;
  }
  return out;
}

export class Segment {
  readonly number: number;
  readonly path: string;
  readonly records: SpoolRecord[] = [];
  /** Records from the start that were delivered or given up. */
  done = 0;
  bytes = 0;
  readonly #file: FileHandle;

  private constructor(folder: string, number: number, file: FileHandle) {
    this.number = number;
    this.path = segmentPath(folder, number);
    this.#file = file;
  }

  static async create(folder: string, number: number): Promise<Segment> {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL;
    return new Segment(folder, number, await open(segmentPath(folder, number), flags, 0o600));
  }

  /** Opens one that an earlier process left; cuts it after the last good record. Gives the bytes that were cut. */
  static async recover(folder: string, number: number): Promise<{ segment: Segment; cutBytes: number }> {
    const file = await open(segmentPath(folder, number), "r+");
    const segment = new Segment(folder, number, file);
    const size = (await file.stat()).size;
    while (await segment.#readRecord(size));
    if (segment.bytes < size) await file.truncate(segment.bytes);
    return { segment, cutBytes: size - segment.bytes };
  }

  async #readRecord(size: number): Promise<boolean> {
    const header = Buffer.alloc(recordHeaderBytes);
    if (size - this.bytes < recordHeaderBytes) return false;
    await this.#file.read(header, 0, recordHeaderBytes, this.bytes);
    const length = header.readUInt32LE(0);
    if (length > wireLimits.frameBytesMax || this.bytes + recordHeaderBytes + length > size) return false;
    const frame = Buffer.alloc(length);
    await this.#file.read(frame, 0, length, this.bytes + recordHeaderBytes);
    if (crc32(frame) !== header.readUInt32LE(4)) return false;
    this.records.push({ offset: this.bytes + recordHeaderBytes, bytes: length });
    this.bytes += recordHeaderBytes + length;
    return true;
  }

  /** Appends and makes it durable: resolves when the frames are on disk. */
  async append(frames: readonly Buffer[]): Promise<void> {
    const bytes = recordsOf(frames);
    let written = 0;
    while (written < bytes.length) {
      const step = await this.#file.write(bytes, written, bytes.length - written, this.bytes + written);
      written += step.bytesWritten;
    }
    await this.#file.datasync();
    for (const frame of frames) {
      this.records.push({ offset: this.bytes + recordHeaderBytes, bytes: frame.length });
      this.bytes += recordHeaderBytes + frame.length;
    }
  }

  async read(record: SpoolRecord): Promise<Buffer> {
    const frame = Buffer.allocUnsafe(record.bytes);
    await this.#file.read(frame, 0, record.bytes, record.offset);
    return frame;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async remove(): Promise<void> {
    await this.#file.close();
    await unlink(this.path);
  }
}

export function segmentPath(folder: string, number: number): string {
  return join(folder, `${String(number).padStart(12, "0")}.spool`);
}
