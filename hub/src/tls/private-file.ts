import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";

/**
 * Writes a file in whole or not at all: beside it first, then renamed over it. `mode` holds from the first byte on,
 * whatever the umask and whoever made an earlier file of that name.
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
}
