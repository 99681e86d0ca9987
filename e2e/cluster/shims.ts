import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { Place } from "./place.ts";

/**
 * Ends containerd's shims of a cluster. They outlive their containerd by design, so that containers do, too, and without
 * it nobody would ever end them. Which are ours is told by containerd's socket in their command line.
 */
export async function endShims(place: Place): Promise<void> {
  for (let tries = 0; tries < 50; tries++) {
    const pids = shimsOf(place);
    if (pids.length === 0) return;
    for (const pid of pids) end(pid);
    await pause(20);
  }
}

export function shimsOf(place: Place): number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    const args = commandOf(pid);
    return /\/containerd-shim[\w-]*$/.test(args[0] ?? "") && args[args.indexOf("-address") + 1] === place.socket;
  });
}

/** Empty for a process that has ended. */
function commandOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has just ended.
  }
}
