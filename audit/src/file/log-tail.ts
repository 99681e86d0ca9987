import { closeSync, fstatSync, readSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { auditLimits } from "../limits.ts";
import { type CompressedFile, CompressedFiles } from "./compressed-files.ts";
import { type Cut, LineCutter } from "./cut-lines.ts";
import { beginningHash, bytesBefore, type FilePrint, FirstLine, firstLinePrint, hashOf } from "./file-print.ts";
import { isReadFile } from "./known-file.ts";
import type { LogPlace, ReadFile } from "./log-place.ts";
import { type OpenFile, openLog, openRotated } from "./rotated-files.ts";
import { WaitingFiles } from "./waiting-files.ts";

/** A line, and its place in all of the log. `isWhole` is false for the last one of a file that does not end it. */
export type TailLine = { line: Buffer; position: number; isWhole: boolean } | { tooLong: number; position: number };

/**
 * One read. `more`: it is worth reading again at once. `ended`: a file was read to its end, and the next one is opened
 * by the next read: settle what was read before. `gone`: files that vanished before they were read.
 */
export type TailRead = { lines: TailLine[]; more: boolean; ended: boolean; gone: number };

type Current = {
  open: OpenFile;
  isHead: boolean;
  /** The first line as it is read; undefined where the file was begun earlier. */
  first: FirstLine | undefined;
  /** Of the first line, once a line was read. */
  print: FilePrint | undefined;
  /** What was read last, and what was read before the last line's end. */
  recent: Buffer;
  tail: Buffer;
  cutter: LineCutter;
  at: number;
  /** When it was opened there was nothing in it. */
  wasEmpty: boolean;
};

/**
 * Follows a log over rotation (the API server's: renamed, and a new file in its place; or copied and truncated), a file at
 * a time, oldest first. Files are known by their first line and by what
 * was read of them last, never by name, number or time. Nothing is buffered beyond a
 * line: the files are the buffer.
 */
export class LogTail {
  readonly #path: string;
  readonly #buffer: Buffer;
  #position: number;
  #files: readonly ReadFile[];
  #left: ReadFile | undefined;
  #current: Current | undefined;
  #rotationSeen = false;
  readonly #waiting = new WaitingFiles();
  readonly #compressed: CompressedFiles;
  #folderChangedMs = 0;
  #gone = 0;
  #floor = 0;

  /** Goes on at `place`; without one, behind what is there now. */
  constructor(path: string, place?: LogPlace, readBytes: number = auditLimits.readBytesMax) {
    this.#path = path;
    this.#buffer = Buffer.allocUnsafe(readBytes);
    this.#compressed = new CompressedFiles(path);
    const { position, files, open, knowsCompressed } = place ?? { position: 0, files: filesAsTheyAre(path) };
    this.#position = position;
    this.#files = files;
    this.#left = open;
    // Followed for the first time, or by the first version that looks at them: those that are there count as read.
    if (knowsCompressed !== true) for (const one of this.#compressed.present()) this.#remember(asRead(one));
  }

  /** Behind the last whole line that was read. */
  get place(): LogPlace {
    const current = this.#current;
    const open = current?.print === undefined ? this.#left : fileAsRead(current, current.print);
    return { position: this.#position, files: this.#files, open, knowsCompressed: true };
  }

  /** Whether a file is open; else there is none yet. */
  get isFollowing(): boolean {
    return this.#current !== undefined;
  }

  /** How far an earlier run read before it was ended: where what it read is gone, it goes on behind that. */
  notBefore(position: number): void {
    this.#floor = position;
  }

  read(): TailRead {
    const current = this.#current ?? this.#openNext();
    if (current === undefined) return this.#result([], false, false);
    const got = readSync(current.open.file, this.#buffer, 0, this.#buffer.length, current.at);
    if (got > 0 && (current.wasEmpty || this.#mayBeAnother(current))) {
      // Meanwhile it may have been written, copied and truncated: then the copy comes first.
      this.close();
      return this.#result([], this.#openNext() !== undefined, false);
    }
    if (wasTruncated(current)) return this.#result([], true, this.#finish(current, "truncated"));
    if (got > 0) {
      this.#rotationSeen = false;
      const base = this.#position - current.cutter.lineStart;
      const bytes = this.#buffer.subarray(0, got);
      const lines = current.cutter.push(bytes).map((cut) => lineOf(cut, base, true));
      this.#moveTo(current, base, bytes);
      return this.#result(lines, got === this.#buffer.length, false);
    }
    if (!this.#isComplete(current)) return this.#result([], this.#rotationSeen, false);
    const base = this.#position - current.cutter.lineStart;
    const half = current.cutter.end();
    this.#moveTo(current, base, Buffer.alloc(0));
    this.#finish(current, "read");
    return this.#result(half === undefined ? [] : [lineOf(half, base, false)], true, true);
  }

  /** Notices files that were rotated and wait: those that vanish are told of. For when nothing is read. */
  look(): void {
    const changedMs = folderChangedMs(this.#path);
    if (changedMs === this.#folderChangedMs) return;
    this.#folderChangedMs = changedMs;
    this.#noticeCompressed();
    const rotated = openRotated(this.#path);
    this.#gone += this.#waiting.takeGone(rotated);
    for (const file of rotated) {
      if (this.#entryOf(file) === undefined && file.size > 0) this.#waiting.notice(file);
      closeSync(file.file);
    }
  }

  close(): void {
    if (this.#current !== undefined) closeSync(this.#current.open.file);
    this.#current = undefined;
  }

  #result(lines: TailLine[], more: boolean, ended: boolean): TailRead {
    const gone = this.#gone;
    this.#gone = 0;
    return { lines, more, ended, gone };
  }

  /** Behind `bytes`, which were read at the place so far; of them what is behind the last line's end is half a line. */
  #moveTo(current: Current, base: number, bytes: Buffer): void {
    current.at += bytes.length;
    const end = current.cutter.lineStart;
    this.#position = base + end;
    const half = current.at - end;
    if (half < bytes.length || half === 0)
      current.tail = lastOf(current.recent, bytes.subarray(0, bytes.length - half));
    current.recent = lastOf(current.recent, bytes);
    current.first?.push(bytes);
    if (end > 0) current.print ??= current.first?.print;
  }

  /**
   * Of the log half a line was read or less, and a file waits that nobody read: what was read may lie in that one, and
   * another line, which begins alike, in its place.
   */
  #mayBeAnother({ open, isHead, cutter }: Current): boolean {
    if (!isHead || cutter.lineStart > 0) return false;
    const rotated = openRotated(this.#path, open);
    const waits = rotated.some((file) => file.size > 0 && this.#entryOf(file) === undefined);
    for (const { file } of rotated) closeSync(file);
    return waits;
  }

  /** Whether nothing more comes: a file that was rotated is complete when it is looked at once more after that. */
  #isComplete({ open, isHead }: Current): boolean {
    if (!isHead) return true;
    const seenBefore = this.#rotationSeen;
    this.#rotationSeen = this.#leadsElsewhere(open);
    return seenBefore && this.#rotationSeen;
  }

  #leadsElsewhere({ device, inode }: OpenFile): boolean {
    try {
      const now = statSync(this.#path);
      return now.dev !== device || now.ino !== inode;
    } catch {
      // Between two names, or taken away: what is open may go on.
      return false;
    }
  }

  #finish(current: Current, how: "read" | "truncated"): true {
    const { print, first, cutter, at } = current;
    const read = print === undefined ? undefined : fileAsRead(current, print);
    // Half a line was read of what was cut off: the rest is in a copy, or gone.
    const beginning = first?.print;
    if (how === "truncated" && at > cutter.lineStart)
      this.#left = read ?? (beginning === undefined ? undefined : { ...beginning, end: 0 });
    if (read !== undefined) this.#remember(read);
    closeSync(current.open.file);
    this.#current = undefined;
    this.#rotationSeen = false;
    return true;
  }

  #remember(file: ReadFile): void {
    this.#files = [...this.#files.filter((one) => !isSame(one, file)), file];
  }

  /** The file to go on with: one that was begun, then what was never seen, oldest first; the log itself at last. */
  #openNext(): Current | undefined {
    const head = openLog(this.#path, "followed");
    const rotated = openRotated(this.#path, head);
    const found = [...rotated, ...(head === undefined ? [] : [head])];
    const known = new Map(found.map((file) => [file, this.#entryOf(file)]));
    const compressed = this.#noticeCompressed();
    this.#settleLeft(found);
    this.#gone += this.#waiting.takeGone(rotated);
    const present = new Set(known.values());
    this.#files = this.#files.filter((one) => present.has(one) || compressed.some((other) => isSame(one, other)));
    const begun = rotated.find((file) => file.size > (known.get(file)?.end ?? file.size));
    const unseen = rotated.find((file) => file.size > 0 && known.get(file) === undefined);
    const next = begun ?? unseen ?? head;
    for (const file of found) {
      if (file === next) continue;
      if (file !== head && file.size > 0 && known.get(file) === undefined) this.#waiting.notice(file);
      closeSync(file.file);
    }
    if (next === undefined) return undefined;
    this.#current = this.#begin(next, known.get(next), next === head);
    return this.#current;
  }

  #begin(open: OpenFile, entry: ReadFile | undefined, isHead: boolean): Current {
    const end = entry === undefined || entry.end > open.size ? 0 : entry.end;
    this.#waiting.begun(open);
    const tail = bytesBefore(open.file, end) ?? Buffer.alloc(0);
    this.#files = this.#files.filter((one) => one !== entry);
    return {
      open,
      isHead,
      first: end === 0 ? new FirstLine() : undefined,
      print: end === 0 ? undefined : firstLinePrint(open.file),
      recent: tail,
      tail,
      cutter: new LineCutter(auditLimits.lineBytesMax, end),
      at: end,
      wasEmpty: open.size === 0,
    };
  }

  /** Files that were compressed before they were read are gone for us. Gives all that are there. */
  #noticeCompressed(): readonly CompressedFile[] {
    const present = this.#compressed.present();
    const current = this.#current && firstLinePrint(this.#current.open.file);
    for (const one of present) {
      // What is open is read to its end, whatever becomes of its name.
      if (current !== undefined && isSame(current, one)) continue;
      if (this.#files.some((file) => isSame(file, one))) continue;
      const left = this.#left;
      const wasLeft = left !== undefined && isSame(left, one);
      if (wasLeft) this.#left = undefined;
      this.#remember(asRead(one));
      this.#waiting.compressed(one);
      if (wasLeft && left.end >= one.length) continue;
      this.#gone += 1;
      if (wasLeft) this.#position = Math.max(this.#position, this.#floor);
    }
    return present;
  }

  /** What was being read when this place was kept: it goes on there, or is gone with what nobody read. */
  #settleLeft(found: readonly OpenFile[]): void {
    const left = this.#left;
    if (left === undefined || found.length === 0) return;
    this.#left = undefined;
    if (found.some((file) => isReadFile(file, left))) {
      if (left.end > 0) this.#remember(left);
      return;
    }
    this.#gone += 1;
    this.#position = Math.max(this.#position, this.#floor);
  }

  /**
   * What is known of a file: of the one that is being read, and of earlier ones. Nothing is where half a line was read of it
   * and no more: others begin so, too.
   */
  #entryOf(file: OpenFile): ReadFile | undefined {
    const { open } = this.place;
    if (open !== undefined && open.end > 0 && isReadFile(file, open)) return open;
    return this.#files.find((one) => isReadFile(file, one));
  }
}

/** The file is shorter than it was, or what was read is not there any more: what comes of it is not the continuation. */
function wasTruncated({ open, cutter, first, tail, at }: Current): boolean {
  if (fstatSync(open.file).size < Math.max(at, open.size)) return true;
  const end = cutter.lineStart;
  if (end > 0) return bytesBefore(open.file, end)?.equals(tail) !== true;
  const begun = first?.print;
  return begun !== undefined && beginningHash(open.file, begun.bytes) !== begun.hash;
}

function fileAsRead({ cutter, tail }: Current, print: FilePrint): ReadFile {
  return { ...print, end: cutter.lineStart, tail: hashOf(tail) };
}

function asRead({ bytes, hash, length }: CompressedFile): ReadFile {
  return { bytes, hash, end: length };
}

function isSame(one: FilePrint, other: FilePrint): boolean {
  return one.bytes === other.bytes && one.hash === other.hash;
}

/** The last of what was read, in memory of its own: the buffer for reading is used again. */
function lastOf(before: Buffer, bytes: Buffer): Buffer {
  const { tailBytesMax } = auditLimits;
  if (bytes.length >= tailBytesMax) return Buffer.from(bytes.subarray(-tailBytesMax));
  return Buffer.from(Buffer.concat([before, bytes]).subarray(-tailBytesMax));
}

function lineOf(cut: Cut, base: number, isWhole: boolean): TailLine {
  const position = base + cut.end;
  return "tooLong" in cut ? { tooLong: cut.tooLong, position } : { line: cut.line, position, isWhole };
}

function folderChangedMs(path: string): number {
  try {
    return statSync(dirname(path)).mtimeMs;
  } catch {
    return 0;
  }
}

/** All that is there when a log is followed for the first time counts as read, up to the last whole line. */
function filesAsTheyAre(path: string): ReadFile[] {
  const head = openLog(path, "followed");
  const files = [...openRotated(path, head), ...(head === undefined ? [] : [head])];
  return files.flatMap((file) => {
    const end = file === head ? lastLineEnd(file) : file.size;
    const print = end === 0 ? undefined : firstLinePrint(file.file);
    const tail = end === 0 ? undefined : bytesBefore(file.file, end);
    closeSync(file.file);
    return print === undefined || tail === undefined ? [] : [{ ...print, end, tail: hashOf(tail) }];
  });
}

/** Behind the last line end of a file, 0 where there is none in what a line may take. */
function lastLineEnd({ file, size }: OpenFile): number {
  const piece = Buffer.allocUnsafe(65_536);
  const least = Math.max(0, size - auditLimits.lineBytesMax);
  for (let end = size; end > least; ) {
    const from = Math.max(least, end - piece.length);
    const got = readSync(file, piece, 0, end - from, from);
    const at = piece.subarray(0, got).lastIndexOf(0x0a);
    if (at >= 0) return from + at + 1;
    if (got === 0) break;
    end = from;
  }
  return least === 0 ? 0 : size;
}
