import { execFileSync } from "node:child_process";
import { closeSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";

/** An ext4 of its own on a loop device, mounted in this run's mount namespace: both go with the run's last process. */
export class SmallDisk {
  readonly folder: string;
  readonly #ballast: string;

  /** Makes `image` (sparse) and mounts it at `folder`. */
  constructor(image: string, folder: string, bytes: number) {
    this.folder = folder;
    this.#ballast = join(folder, "ballast");
    execFileSync("truncate", ["-s", String(bytes), image]);
    // No room is kept for root: full is full.
    execFileSync("mkfs.ext4", ["-q", "-F", "-m", "0", image]);
    execFileSync("mount", ["-o", "loop", image, folder]);
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.folder);
    return bavail * bsize;
  }

  /** Takes every byte that is free, now and of what is given back while it is asked again. */
  fill(): void {
    const file = openSync(this.#ballast, "a");
    const piece = Buffer.alloc(64 * 1024);
    try {
      for (;;) writeSync(file, piece);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    } finally {
      closeSync(file);
    }
  }

  /** Gives all of it back. */
  free(): void {
    rmSync(this.#ballast, { force: true });
  }

  unmount(): void {
    execFileSync("umount", [this.folder]);
  }
}
