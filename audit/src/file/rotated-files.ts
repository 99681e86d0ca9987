import { closeSync, constants, fstatSync, openSync, readdirSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { auditLimits } from "../limits.ts";
import type { FilePrint } from "./file-print.ts";

/** A file that was opened for reading; `name` without its folder. */
export type OpenFile = {
  file: number;
  name: string;
  /** When it was opened. */
  size: number;
  device: number;
  inode: number;
  changedMs: number;
  /** Once it was looked at. */
  firstLine?: FilePrint;
};

/** Opens a regular file, never a pipe that would make us wait. Undefined where there is none, or it cannot be read. */
export function openLog(path: string, links: "followed" | "refused"): OpenFile | undefined {
  let file: number | undefined;
  try {
    const follow = links === "followed" ? 0 : constants.O_NOFOLLOW;
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY | follow);
    const facts = fstatSync(file);
    const { dev: device, ino: inode, size, mtimeMs: changedMs } = facts;
    if (facts.isFile()) return { file, name: basename(path), size, device, inode, changedMs };
  } catch {
    // Gone in this moment, or not ours to read: it is looked for again.
  }
  if (file !== undefined) closeSync(file);
  return undefined;
}

/**
 * The names under which the files of a log lie that was rotated: `audit-2026-11-26T04-03-41.123.log` (the API server),
 * `audit.log.1` and `audit.log-20261126` (logrotate). Other files of the folder are not ours.
 */
export function rotatedNames(path: string): string[] {
  return namesOf(path, "").slice(-auditLimits.rotatedFilesMax);
}

/** The same with `.gz` behind them, as the API server (`--audit-log-compress`) and logrotate name what they compressed. */
export function compressedNames(path: string): string[] {
  return namesOf(path, ".gz").slice(-auditLimits.compressedFilesMax);
}

function namesOf(path: string, suffix: string): string[] {
  const whole = escaped(basename(path));
  const extension = extname(path);
  const stem = escaped(basename(path, extension));
  const time = String.raw`\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}\.\d{3}`;
  const pattern = new RegExp(`^(${stem}-${time}${escaped(extension)}|${whole}[.-]\\d[\\d-]*)${escaped(suffix)}$`);
  return namesIn(dirname(path)).filter((name) => pattern.test(name));
}

/**
 * Oldest first: by when they were last written, then by name. Without `head`, where that was rotated after it was opened.
 * Close what is not kept.
 */
export function openRotated(path: string, head?: OpenFile): OpenFile[] {
  const open = rotatedNames(path).flatMap((name) => {
    const file = openLog(join(dirname(path), name), "refused");
    if (file === undefined) return [];
    if (file.device !== head?.device || file.inode !== head.inode) return [file];
    closeSync(file.file);
    return [];
  });
  return open.sort((a, b) => a.changedMs - b.changedMs || (a.name < b.name ? -1 : 1));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
