import { createHash } from "node:crypto";
import { readSync } from "node:fs";
import { auditLimits } from "../limits.ts";

/**
 * The beginning of a file: its first lines carry identifiers and times, so no two files of a log begin alike. It
 * outlives what names and inode numbers do not: renaming, copying, and numbers that are given out again.
 */
export type FilePrint = { bytes: number; hash: string };

/** The print of an open file's first `bytes`; undefined where the file has become shorter. */
export function filePrint(file: number, bytes: number): FilePrint | undefined {
  const size = Math.min(bytes, auditLimits.printBytesMax);
  const start = Buffer.allocUnsafe(size);
  let length = 0;
  while (length < size) {
    const got = readSync(file, start, length, size - length, length);
    if (got === 0) return undefined;
    length += got;
  }
  return { bytes: size, hash: createHash("sha256").update(start).digest("hex").slice(0, 32) };
}

export function samePrint(one: FilePrint | undefined, other: FilePrint): boolean {
  return one !== undefined && one.bytes === other.bytes && one.hash === other.hash;
}
