import { readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { limits as wireLimits } from "@atalaya/wire/framing";

// Spools that were written before blocks: in `life` and in `bulk`, files of the same names hold one record after another,
//
//   u32 length | u32 crc32 of the frame | the frame
//
// and `head` in that folder says "NUMBER DONE": of file NUMBER so many records were delivered, of older files all.

const laneFolders = ["life", "bulk"] as const;
const headerBytes = 8;
const setAside = ".first";

/** Renames such files, so that nobody takes them for damaged new ones. Before the spool is opened. */
export function setAsideFirstFormat(spoolFolder: string): void {
  for (const folder of laneFolders.map((name) => join(spoolFolder, name))) {
    for (const name of list(folder).filter((one) => /^\d{12}\.spool$/.test(one))) {
      const path = join(folder, name);
      if (recordAt(readFileSync(path), 0) !== undefined) renameSync(path, path + setAside);
    }
  }
}

/**
 * Hands what was not delivered to `keep`, file by file, and removes each when it is on disk in the new form. A torn end
 * is left out, as it was when the format was new. Gives the frames that were taken over.
 */
export async function takeOverFirstFormat(
  spoolFolder: string,
  keep: (frames: Buffer[]) => Promise<void>,
): Promise<number> {
  let taken = 0;
  for (const folder of laneFolders.map((name) => join(spoolFolder, name))) {
    const names = list(folder).filter((name) => name.endsWith(setAside));
    if (names.length === 0) continue;
    const [headNumber = 0, done = 0] = readHead(join(folder, "head"));
    for (const name of names.sort()) {
      const number = Number.parseInt(name, 10);
      const all = number < headNumber ? [] : framesOf(readFileSync(join(folder, name)));
      const frames = number === headNumber ? all.slice(done) : all;
      if (frames.length > 0) await keep(frames);
      taken += frames.length;
      rmSync(join(folder, name));
    }
    rmSync(join(folder, "head"), { force: true });
  }
  return taken;
}

function framesOf(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; ; ) {
    const frame = recordAt(bytes, at);
    if (frame === undefined) return frames;
    frames.push(frame);
    at += headerBytes + frame.length;
  }
}

/** The frame of the record at `at`; undefined where there is no whole one. */
function recordAt(bytes: Buffer, at: number): Buffer | undefined {
  if (bytes.length - at < headerBytes) return undefined;
  const length = bytes.readUInt32LE(at);
  if (length === 0 || length > wireLimits.frameBytesMax || length > bytes.length - at - headerBytes) return undefined;
  const frame = bytes.subarray(at + headerBytes, at + headerBytes + length);
  return crc32(frame) === bytes.readUInt32LE(at + 4) ? frame : undefined;
}

function readHead(path: string): number[] {
  try {
    return readFileSync(path, "utf8").split(" ").map(Number).filter(Number.isSafeInteger);
  } catch {
    // None was written: some frames are sent twice, and the hub drops them.
    return [];
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
