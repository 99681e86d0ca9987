import { closeSync, fstatSync, readSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { auditLimits } from "../limits.ts";
import { type Cut, LineCutter } from "./cut-lines.ts";
import { type FilePrint, filePrint, samePrint } from "./file-print.ts";
import type { LogPlace, ReadFile } from "./log-place.ts";
import { type OpenFile, openLog, openRotated } from "./rotated-files.ts";

/** A line, and its place in all of the log. `isWhole` is false for the last one of a file that does not end it. */
export type TailLine = { line: Buffer; position: number; isWhole: boolean } | { tooLong: number; position: number };

/**
 * One read. `more`: it is worth reading again at once. `ended`: a file was read to its end, and the next one is opened
 * by the next read: settle what was read before. `gone`: files that vanished before they were read.
 */
export type TailRead = { lines: TailLine[]; more: boolean; ended: boolean; gone: number };

/** `print` is of whole lines alone, `seen` of everything that was read. */
type Current = {
  open: OpenFile;
  isHead: boolean;
  print: FilePrint | undefined;
  seen: FilePrint | undefined;
  cutter: LineCutter;
  at: number;
  /** When it was opened there was nothing in it. */
  wasEmpty: boolean;
};

/**
 * Follows a log over rotation (the API server's: renamed, and a new file in its place; or copied and truncated), a file at
 * a time, oldest first. Files are known by their beginning, never by name, number or time. Nothing is buffered beyond a
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
  /** Rotated files that wait to be read, by the hash of their beginning. */
  readonly #noticed = new Map<string, FilePrint>();
  #folderChangedMs = 0;
  #gone = 0;
  #floor = 0;

  /** Goes on at `place`; without one, behind what is there now. */
  constructor(path: string, place?: LogPlace, readBytes: number = auditLimits.readBytesMax) {
    this.#path = path;
    this.#buffer = Buffer.allocUnsafe(readBytes);
    const { position, files, open } = place ?? { position: 0, files: filesAsTheyAre(path) };
    this.#position = position;
    this.#files = files;
    this.#left = open;
  }

  /** Behind the last whole line that was read. */
  get place(): LogPlace {
    const current = this.#current;
    if (current?.print === undefined) return { position: this.#position, files: this.#files, open: this.#left };
    return { position: this.#position, files: this.#files, open: { ...current.print, end: current.cutter.lineStart } };
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
    if (got > 0 && current.wasEmpty) {
      // Meanwhile it may have been written, copied and truncated: then the copy comes first.
      this.close();
      return this.#result([], this.#openNext() !== undefined, false);
    }
    if (wasTruncated(current)) return this.#result([], true, this.#finish(current, "truncated"));
    if (got > 0) {
      this.#rotationSeen = false;
      const base = this.#position - current.cutter.lineStart;
      current.at += got;
      const lines = current.cutter.push(this.#buffer.subarray(0, got)).map((cut) => lineOf(cut, base, true));
      this.#moveTo(current, base);
      return this.#result(lines, got === this.#buffer.length, false);
    }
    if (!this.#isComplete(current)) return this.#result([], this.#rotationSeen, false);
    const base = this.#position - current.cutter.lineStart;
    const half = current.cutter.end();
    this.#moveTo(current, base);
    this.#finish(current, "read");
    return this.#result(half === undefined ? [] : [lineOf(half, base, false)], true, true);
  }

  /** Notices files that were rotated and wait: those that vanish are told of. For when nothing is read. */
  look(): void {
    const changedMs = folderChangedMs(this.#path);
    if (changedMs === this.#folderChangedMs) return;
    this.#folderChangedMs = changedMs;
    const rotated = openRotated(this.#path);
    this.#findGone(rotated);
    for (const file of rotated) {
      if (this.#entryOf(file) === undefined && file.size > 0) this.#notice(file);
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

  #moveTo(current: Current, base: number): void {
    const end = current.cutter.lineStart;
    this.#position = base + end;
    const known = current.print?.bytes ?? 0;
    if (end > known && known < auditLimits.printBytesMax)
      current.print = filePrint(current.open.file, end) ?? current.print;
    const seen = current.seen?.bytes ?? 0;
    if (current.at > seen && seen < auditLimits.printBytesMax) current.seen = filePrint(current.open.file, current.at);
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
    const { print, seen, cutter, at } = current;
    const end = cutter.lineStart;
    // Half a line was read of what was cut off: the rest is in a copy, or gone.
    if (how === "truncated" && at > end && seen !== undefined) this.#left = { ...seen, end };
    if (print !== undefined) this.#remember({ ...print, end });
    closeSync(current.open.file);
    this.#current = undefined;
    this.#rotationSeen = false;
    return true;
  }

  #remember(file: ReadFile): void {
    this.#files = [...this.#files.filter((one) => one.hash !== file.hash || one.bytes !== file.bytes), file];
  }

  /** The file to go on with: one that was begun, then what was never seen, oldest first; the log itself at last. */
  #openNext(): Current | undefined {
    const head = openLog(this.#path, "followed");
    const rotated = openRotated(this.#path, head);
    const found = [...rotated, ...(head === undefined ? [] : [head])];
    const known = new Map(found.map((file) => [file, this.#entryOf(file)]));
    this.#settleLeft(found);
    this.#findGone(rotated);
    const present = new Set(known.values());
    this.#files = this.#files.filter((one) => present.has(one));
    const begun = rotated.find((file) => file.size > (known.get(file)?.end ?? file.size));
    const unseen = rotated.find((file) => file.size > 0 && known.get(file) === undefined);
    const next = begun ?? unseen ?? head;
    for (const file of found) {
      if (file === next) continue;
      if (file !== head && file.size > 0 && known.get(file) === undefined) this.#notice(file);
      closeSync(file.file);
    }
    if (next === undefined) return undefined;
    this.#current = this.#begin(next, known.get(next), next === head);
    return this.#current;
  }

  #begin(open: OpenFile, entry: ReadFile | undefined, isHead: boolean): Current {
    const end = entry === undefined || entry.end > open.size ? 0 : entry.end;
    for (const [hash, print] of this.#noticed) if (matches(open, print)) this.#noticed.delete(hash);
    const print = entry === undefined ? undefined : { bytes: entry.bytes, hash: entry.hash };
    this.#files = this.#files.filter((one) => one !== entry);
    return {
      open,
      isHead,
      print,
      seen: print,
      cutter: new LineCutter(auditLimits.lineBytesMax, end),
      at: end,
      wasEmpty: open.size === 0,
    };
  }

  /** What was being read when this place was kept: it goes on there, or is gone with what nobody read. */
  #settleLeft(found: readonly OpenFile[]): void {
    const left = this.#left;
    if (left === undefined || found.length === 0) return;
    this.#left = undefined;
    if (found.some((file) => matches(file, left))) {
      if (left.end > 0 && this.#files.every((one) => one.hash !== left.hash)) this.#remember(left);
      return;
    }
    this.#gone += 1;
    this.#position = Math.max(this.#position, this.#floor);
  }

  #notice(file: OpenFile): void {
    if (this.#noticed.size >= auditLimits.rotatedFilesMax) return;
    const print = filePrint(file.file, Math.min(file.size, auditLimits.printBytesMax));
    if (print !== undefined) this.#noticed.set(print.hash, print);
  }

  #findGone(rotated: readonly OpenFile[]): void {
    for (const [hash, print] of this.#noticed) {
      if (rotated.some((file) => matches(file, print))) continue;
      this.#noticed.delete(hash);
      this.#gone += 1;
    }
  }

  /** What is known of a file: of the one that is being read, and of earlier ones. */
  #entryOf(file: OpenFile): ReadFile | undefined {
    const { open } = this.place;
    if (open !== undefined && matches(file, open)) return open;
    return this.#files.find((one) => matches(file, one));
  }
}

/** The file is shorter than what was read of it, or begins otherwise: what comes of it is not the continuation. */
function wasTruncated({ open, seen, at }: Current): boolean {
  if (fstatSync(open.file).size < at) return true;
  return seen !== undefined && !samePrint(filePrint(open.file, seen.bytes), seen);
}

function lineOf(cut: Cut, base: number, isWhole: boolean): TailLine {
  const position = base + cut.end;
  return "tooLong" in cut ? { tooLong: cut.tooLong, position } : { line: cut.line, position, isWhole };
}

function matches(open: OpenFile, { bytes, hash }: FilePrint): boolean {
  if (open.size < bytes) return false;
  if (!open.hashes.has(bytes)) open.hashes.set(bytes, filePrint(open.file, bytes)?.hash);
  return open.hashes.get(bytes) === hash;
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
    const print = end === 0 ? undefined : filePrint(file.file, end);
    closeSync(file.file);
    return print === undefined ? [] : [{ ...print, end }];
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
