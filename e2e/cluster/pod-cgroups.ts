import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { mountsBelow } from "../../simulator/src/mounts.ts";
import { processIdentity } from "../../simulator/src/process-identity.ts";
import type { Place } from "./place.ts";

const hierarchies = "/sys/fs/cgroup";

/**
 * The folder of a cluster's pods in every hierarchy, and where the kubelet says `cgroupRoot`: two kubelets that share one
 * end each other's pods, since what a kubelet does not know in its root is an orphan to it.
 */
export function makePodCgroups(place: Place): void {
  for (const mount of mountsBelow(hierarchies)) {
    const folder = join(mount, place.name);
    if (mount === hierarchies && !existsSync(join(mount, "cgroup.procs"))) continue;
    mkdirSync(folder, { recursive: true });
    // Of version 1: a new group has no processor and no memory node until it is told.
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
      const path = join(folder, file);
      if (mount.endsWith("/cpuset") && existsSync(path)) writeFileSync(path, readText(join(mount, file)));
    }
  }
}

/** Ends containers' processes that outlived their kubelet, and removes the cluster's control groups, in every hierarchy. */
export async function removePodCgroups(place: Place): Promise<void> {
  const roots = mountsBelow(hierarchies)
    .map((mount) => join(mount, place.name))
    .filter(existsSync);
  for (const root of roots) for (const pid of processesBelow(root)) end(pid);
  for (let tries = 0; tries < 50 && roots.some((root) => !removeEmpty(root)); tries++) await pause(50);
}

function processesBelow(folder: string): number[] {
  const own = readText(join(folder, "cgroup.procs")).split("\n").filter(Boolean).map(Number);
  return [...own, ...subfolders(folder).flatMap(processesBelow)];
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
