import { chmodSync, closeSync, fsyncSync, openSync, renameSync, writeSync } from "node:fs";

/**
 * Writes a file in whole or not at all: beside it first, then renamed over it. `mode` holds from the first byte on,
 * whatever the umask and whoever made an earlier file of that name.
 */
export function writeWhole(path: string, text: string, mode = 0o600): void {
  const draft = `${path}.new`;
  const file = openSync(draft, "w", mode);
  try {
    chmodSync(draft, mode);
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
}
