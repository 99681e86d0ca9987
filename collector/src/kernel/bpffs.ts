import { readdirSync, statfsSync } from "node:fs";

/** BPF_FS_MAGIC of linux/magic.h. */
const bpfMagic = 0xcafe4a11;

/** Whether a folder that is there lies in a bpffs. */
export function isInBpffs(folder: string): boolean {
  return statfsSync(folder).type === bpfMagic;
}

/** The names of the pinned sets that lie in the folder, each of a build and of its records' layout (pins.ts). */
export function pinnedSets(pinFolder: string): string[] {
  return namesIn(pinFolder).filter((name) => /^[0-9a-f]{16}_[0-9a-f]{16}$/.test(name));
}

export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
