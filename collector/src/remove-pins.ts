import { readdirSync, readFileSync, rmdirSync, statSync, unlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isInBpffs, pinnedSets } from "./kernel/bpffs.ts";

export type RemovedPins = {
  folder: string;
  /** Names of the programs that were detached, and of the maps that went; a set of another build counts on its own. */
  programs: string[];
  maps: string[];
  /** Why nothing was removed; absent when all is gone. */
  refused?: string;
};

/**
 * Ends a watch that no collector continues: removes what is pinned in `folder`. A collector that holds the folder is
 * left alone unless `force`; it then goes on with what it holds and ends the watch with itself.
 */
export function removePins(folder: string, force: boolean): RemovedPins {
  const removed: RemovedPins = { folder, programs: [], maps: [] };
  if (!isThere(folder)) return removed;
  if (!isInBpffs(folder)) return { ...removed, refused: "it is not in a bpffs" };
  const holder = force ? undefined : holderOf(folder);
  if (holder !== undefined) return { ...removed, refused: `a collector runs on it (process ${holder})` };
  try {
    // The sets alone: whoever names a folder that others pin in must not lose theirs.
    for (const name of pinnedSets(folder)) removeAll(join(folder, name), removed);
    if (readdirSync(folder).length === 0) rmdirSync(folder);
    return removed;
  } catch (error) {
    return { ...removed, refused: error instanceof Error ? error.message : String(error) };
  }
}

/** The process that has the folder's lock. See proc(5): /proc/locks has device and inode of what is locked. */
function holderOf(folder: string): number | undefined {
  const { dev, ino } = statSync(folder);
  const hex = (value: number) => value.toString(16).padStart(2, "0");
  // As glibc's gnu_dev_major and gnu_dev_minor; an anonymous file system has major 0.
  const [major, minor] = [(dev >>> 8) & 0xfff, (dev & 0xff) | ((dev >>> 12) & 0xfff00)];
  const what = `${hex(major)}:${hex(minor)}:${ino}`;
  for (const line of readFileSync("/proc/locks", "latin1").split("\n")) {
    const [, , , , pid, where] = line.split(/\s+/);
    if (where === what) return Number(pid);
  }
  return undefined;
}

function removeAll(folder: string, removed: RemovedPins): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) removeAll(path, removed);
    else {
      unlinkSync(path);
      const kind = basename(dirname(path));
      if (kind === "links") removed.programs.push(entry.name);
      else if (kind === "maps") removed.maps.push(entry.name);
    }
  }
  rmdirSync(folder);
}

function isThere(folder: string): boolean {
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
}
