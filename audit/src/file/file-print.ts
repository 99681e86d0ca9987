import { createHash, type Hash } from "node:crypto";
import { readSync } from "node:fs";
import { auditLimits } from "../limits.ts";

// How a file is known again under another name, by another number, on another disk: by its whole first line, and by what
// lies before the place to go on at. A record's times, which no client sets, stand behind all that a client fills: a
// beginning of a line can be made alike, a line and what ends with one cannot.

/** So many of a file's first bytes, and their hash. */
export type FilePrint = { bytes: number; hash: string };

const newline = 0x0a;
const pieceBytes = 65_536;
const sha256 = () => createHash("sha256");
const digestOf = (hash: Hash): string => hash.digest("hex").slice(0, 32);

/** The first line of a file as it is read, piece by piece; of one that is longer than a line may be, its beginning. */
export class FirstLine {
  readonly #hash = sha256();
  #bytes = 0;
  #isDone = false;

  push(piece: Buffer): void {
    if (this.#isDone) return;
    const end = piece.indexOf(newline);
    const taken = piece.subarray(0, Math.min(end < 0 ? piece.length : end + 1, this.#room));
    this.#hash.update(taken);
    this.#bytes += taken.length;
    this.#isDone = end >= 0 || this.#room === 0;
  }

  /** It has ended, or is as long as is looked at. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Of what was read so far; undefined where that is nothing. */
  get print(): FilePrint | undefined {
    return this.#bytes === 0 ? undefined : { bytes: this.#bytes, hash: digestOf(this.#hash.copy()) };
  }

  get #room(): number {
    return auditLimits.lineBytesMax - this.#bytes;
  }
}

/** The print of an open file's first line, or of what there is of it. */
export function firstLinePrint(file: number): FilePrint | undefined {
  const line = new FirstLine();
  const piece = Buffer.allocUnsafe(pieceBytes);
  for (let at = 0; !line.isDone; ) {
    const got = readSync(file, piece, 0, piece.length, at);
    if (got === 0) break;
    line.push(piece.subarray(0, got));
    at += got;
  }
  return line.print;
}

/** The hash of an open file's first `bytes`; undefined where it has become shorter. */
export function beginningHash(file: number, bytes: number): string | undefined {
  const hash = sha256();
  const piece = Buffer.allocUnsafe(Math.min(bytes, pieceBytes));
  for (let at = 0; at < bytes; ) {
    const got = readSync(file, piece, 0, Math.min(piece.length, bytes - at), at);
    if (got === 0) return undefined;
    hash.update(piece.subarray(0, got));
    at += got;
  }
  return digestOf(hash);
}

/** What lies before a place of an open file, up to a bound; undefined where the file is shorter. */
export function bytesBefore(file: number, end: number): Buffer | undefined {
  const start = Math.max(0, end - auditLimits.tailBytesMax);
  const bytes = Buffer.allocUnsafe(end - start);
  let length = 0;
  while (length < bytes.length) {
    const got = readSync(file, bytes, length, bytes.length - length, start + length);
    if (got === 0) return undefined;
    length += got;
  }
  return bytes;
}

export function hashOf(bytes: Buffer): string {
  return digestOf(sha256().update(bytes));
}
