import { rmSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { limits } from "./limits.ts";
import { FileLock } from "./spool/file-lock.ts";

/**
 * Removes what a publisher left on this machine: socket, spool and identity. A publisher that still runs is waited for.
 * Throws what the disk throws.
 */
export async function leave(of: { socket: string; spoolFolder: string; identityFolder: string }): Promise<void> {
  const lock = `${of.socket}.lock`;
  const held = await lockOf(lock);
  for (const folder of [of.spoolFolder, of.identityFolder]) rmSync(folder, { recursive: true, force: true });
  rmSync(of.socket, { force: true });
  rmSync(lock, { force: true });
  held?.release();
}

async function lockOf(path: string): Promise<FileLock | undefined> {
  for (;;) {
    try {
      const lock = FileLock.take(path);
      if (lock !== undefined) return lock;
    } catch {
      // The folder is gone, or was never there.
      return undefined;
    }
    await pause(limits.folderLookMs);
  }
}
