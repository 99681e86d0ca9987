import { Fault } from "@atalaya/wire";
import { preparePinFolder } from "./kernel/pins.ts";

/** Where a collector pins when nothing else is said. */
export const defaultPinFolder = "/sys/fs/bpf/atalaya";

/**
 * Makes the folder to pin in, in a bpffs. Where that is not possible (a container without the right to mount one) the
 * sensor runs all the same and the watch ends with the process: `why` says so.
 */
export function choosePinFolder(folder: string): { folder: string | null; why?: string } {
  try {
    preparePinFolder(folder);
    return { folder };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { folder: null, why: `nothing is pinned, so the watch ends with this process: ${error.message}` };
  }
}
