import { beginningHash, bytesBefore, type FilePrint, firstLinePrint, hashOf } from "./file-print.ts";
import type { ReadFile } from "./log-place.ts";
import type { OpenFile } from "./rotated-files.ts";

/** Whether a file is one that was read before. */
export function isReadFile(open: OpenFile, { bytes, hash, end, tail }: ReadFile): boolean {
  if (open.size < bytes || open.size < end) return false;
  if (tail === undefined) return beginningHash(open.file, bytes) === hash;
  if (!beginsWith(open, { bytes, hash })) return false;
  const before = bytesBefore(open.file, end);
  return before !== undefined && hashOf(before) === tail;
}

/** Whether this is the file's first line. */
export function beginsWith(open: OpenFile, { bytes, hash }: FilePrint): boolean {
  open.firstLine ??= firstLinePrint(open.file) ?? { bytes: 0, hash: "" };
  return open.firstLine.bytes === bytes && open.firstLine.hash === hash;
}
