import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { HealthFile, monotonicMs } from "./health-file.ts";
import { collectorLimits } from "./limits.ts";
import { removePins } from "./remove-pins.ts";
import { isSensorsOwn } from "./shared-folder.ts";

export type WhatIsLeft = {
  pinFolder: string | undefined;
  /** The collector's own. */
  stateFolder: string | undefined;
  /** Shared with the publisher, which removes what is its own. */
  sharedFolders: readonly string[];
  /** In a pod the folders are mounts, which can't be removed from inside; below the host's root they can. */
  hostRoot: string;
  healthFile: string | undefined;
};

/**
 * Removes what the sensor has left on this machine, then says in the health file that it is done, and goes on saying so:
 * whoever marked the sensor as leaving sees it in the pod's readiness, until `ended`. Throws when what is pinned cannot be removed.
 */
export async function leave(what: WhatIsLeft, log: (line: string) => void, ended?: AbortSignal): Promise<void> {
  const health = new HealthFile(what.healthFile);
  const say = (isDone: boolean) => {
    const nowMs = monotonicMs();
    health.write({ aliveMs: nowMs, eventMs: nowMs, takenMs: isDone ? nowMs : 0 });
  };
  say(false);
  await unpin(what.pinFolder, log);
  if (what.stateFolder !== undefined) rmSync(what.stateFolder, { recursive: true, force: true });
  const startMs = monotonicMs();
  while (!what.sharedFolders.every((folder) => isGone(what.hostRoot, folder, monotonicMs() - startMs))) {
    say(false);
    await pause(collectorLimits.leaveLookMs);
  }
  log("nothing of the sensor is left on this machine");
  while (!ended?.aborted) {
    say(true);
    await pause(1_000);
  }
}

/** The collector before us ends within seconds; it holds its pins until then. */
async function unpin(pinFolder: string | undefined, log: (line: string) => void): Promise<void> {
  if (pinFolder === undefined) return;
  const untilMs = monotonicMs() + collectorLimits.leavePatienceMs;
  for (;;) {
    const { programs, maps, refused } = removePins(pinFolder, false);
    if (refused === undefined) {
      log(`removed ${programs.length} programs and ${maps.length} maps from ${pinFolder}: the watch has ended`);
      return;
    }
    if (monotonicMs() > untilMs) throw new Error(`${pinFolder}: nothing was removed: ${refused}`);
    await pause(collectorLimits.leaveLookMs);
  }
}

/**
 * What the publisher made it removes itself: first it is waited for, then what is left of ours is removed as far as we
 * may. A folder in which others keep things stays, without ours.
 */
function isGone(hostRoot: string, folder: string, waitedMs: number): boolean {
  const path = join(hostRoot, folder);
  try {
    const names = readdirSync(path);
    if (waitedMs > collectorLimits.leavePatienceMs)
      for (const name of names.filter(isSensorsOwn)) rmSync(join(path, name), { recursive: true, force: true });
    if (names.length > 0 && !names.some(isSensorsOwn)) return true;
    rmdirSync(path);
    return true;
  } catch (error) {
    // A root that nobody lets us look into tells nothing of what lies below it.
    return isMissing(error) && existsSync(`${hostRoot}/`);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
