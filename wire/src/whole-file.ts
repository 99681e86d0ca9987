import { closeSync, fchmodSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Writes a file in whole or not at all, and so that it is still there after a power cut: beside it first, synced, renamed
 * over it, the folder synced. `mode` holds from the first byte on, whatever the umask. Throws what the disk throws.
 */
export function writeWhole(path: string, text: string, mode = 0o600): void {
  const draft = `${path}.new`;
  // Made anew: no link is followed, and no earlier file's mode or owner kept.
  rmSync(draft, { force: true });
  const file = openSync(draft, "wx", mode);
  try {
    fchmodSync(file, mode);
    // Not writeSync: on a disk that fills up it writes a part, and says so only in a number.
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
  const folder = openSync(dirname(path), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Undefined where there is none, or it cannot be read. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
