import { closeSync, existsSync, readSync } from "node:fs";
import { dirname, join } from "node:path";
import { constants, gunzipSync } from "node:zlib";
import { auditLimits } from "../limits.ts";
import { type FilePrint, FirstLine, hashOf } from "./file-print.ts";
import { compressedNames, type OpenFile, openLog } from "./rotated-files.ts";

/** A rotated file that was compressed: the first line of what is in it, and how long that is. */
export type CompressedFile = FilePrint & { length: number };

/**
 * The compressed files of a log. They are not read; but which file it was is known by its first line, so that one that
 * nobody had read before is told of.
 */
export class CompressedFiles {
  readonly #path: string;
  #known = new Map<string, CompressedFile>();

  constructor(path: string) {
    this.#path = path;
  }

  /** Those that are whole: as long as the file that it is made of is there, too, that one counts. */
  present(): CompressedFile[] {
    const found = new Map<string, CompressedFile>();
    for (const name of compressedNames(this.#path)) {
      const path = join(dirname(this.#path), name);
      if (existsSync(path.slice(0, -".gz".length))) continue;
      const file = openLog(path, "refused");
      if (file === undefined) continue;
      const key = `${file.device}:${file.inode}:${file.size}:${file.changedMs}`;
      found.set(key, this.#known.get(key) ?? look(file));
      closeSync(file.file);
    }
    this.#known = found;
    return [...found.values()];
  }
}

/** What is no gzip, or whose first line is longer than a line may be, is known by its own bytes. */
function look({ file, size }: OpenFile): CompressedFile {
  const end = Buffer.alloc(4);
  // RFC 1952: the last four bytes are the length of what was compressed, modulo 2^32.
  if (size >= 18) readSync(file, end, 0, 4, size - 4);
  const length = end.readUInt32LE();
  // Little at first: what a client repeats in a line is compressed a thousand times.
  for (let bytes = auditLimits.compressedBytesLeast; bytes <= auditLimits.lineBytesMax; bytes *= 2) {
    const line = firstLineWithin(beginning(file, bytes));
    if (line === "unreadable") break;
    if (line !== undefined) return { ...line, length };
    if (bytes >= size) break;
  }
  const own = beginning(file, auditLimits.tailBytesMax);
  return { bytes: own.length, hash: hashOf(own), length };
}

function beginning(file: number, most: number): Buffer {
  const bytes = Buffer.allocUnsafe(most);
  return bytes.subarray(0, readSync(file, bytes, 0, most, 0));
}

/** Undefined where it does not end within these bytes. */
function firstLineWithin(compressed: Buffer): FilePrint | undefined | "unreadable" {
  try {
    const line = new FirstLine();
    const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 2 * auditLimits.lineBytesMax };
    line.push(gunzipSync(compressed, options));
    return line.isDone ? line.print : undefined;
  } catch {
    return "unreadable";
  }
}
