import { statfsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** OVERLAYFS_SUPER_MAGIC of linux/magic.h. */
const overlayMagic = 0x794c7630;

/**
 * The device of the overlay that is a container's root, as the runtime mounted it on the host; undefined where there is no
 * overlay of its own at that place: a folder within the host's root would have the host's device.
 */
export function overlayOf(hostRoot: string, rootFolder: string): number | undefined {
  const path = join(hostRoot === "" ? "/" : hostRoot, rootFolder);
  try {
    if (statfsSync(path).type !== overlayMagic) return undefined;
    const { dev } = statSync(path);
    return dev === statSync(dirname(path)).dev || dev === statSync(hostRoot === "" ? "/" : `${hostRoot}/`).dev
      ? undefined
      : dev;
  } catch {
    return undefined;
  }
}
