import { existsSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { mountsBelow } from "../../simulator/src/mounts.ts";
import { processIdentity } from "../../simulator/src/process-identity.ts";
import type { Place } from "./place.ts";

/** Ends containers' processes that outlived their kubelet, and removes their control groups, in every hierarchy. */
export async function removePodCgroups(place: Place): Promise<void> {
  const roots = mountsBelow("/sys/fs/cgroup")
    .map((mount) => join(mount, "kubepods"))
    .filter(existsSync);
  // Another cluster's pods share the folder: only processes whose root lies below our place are ours.
  for (const root of roots) {
    for (const pid of processesBelow(root)) if (isOf(place, pid)) end(pid);
  }
  for (let tries = 0; tries < 50 && roots.some((root) => !removeEmpty(root)); tries++) await pause(50);
}

function processesBelow(folder: string): number[] {
  const own = readText(join(folder, "cgroup.procs")).split("\n").filter(Boolean).map(Number);
  return [...own, ...subfolders(folder).flatMap(processesBelow)];
}

function isOf(place: Place, pid: number): boolean {
  return readText(`/proc/${pid}/mountinfo`).includes(place.folder);
}

function end(pid: number): void {
  if (processIdentity(pid) === undefined) return;
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has just ended.
  }
}

/** Deepest first; false where something is still in it. */
function removeEmpty(folder: string): boolean {
  if (!existsSync(folder)) return true;
  const below = subfolders(folder).map(removeEmpty).every(Boolean);
  if (!below) return false;
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return processesBelow(folder).length > 0 ? false : !existsSync(folder);
  }
}

function subfolders(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
  } catch {
    return [];
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
