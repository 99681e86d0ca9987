import { existsSync } from "node:fs";
import { join } from "node:path";
import { removeCgroupParents } from "./container/cgroups.ts";
import { containersFolder, removeBundle } from "./container/container.ts";
import { runtimeOn } from "./container/containerd.ts";
import { notedSocket } from "./container/containerd-daemon.ts";
import { runcRuntime } from "./container/runc.ts";
import { removeNetwork } from "./network/network.ts";
import { abandonedRuns, closeRunFolder, listFolder, type RunFolder } from "./run-folder.ts";

/** Removes all that a run made: containers, their cgroups, its containerd, its network, its folder. */
export async function removeRun(folder: RunFolder): Promise<void> {
  const socket = notedSocket(folder);
  const runtime = socket === undefined ? runcRuntime(folder) : runtimeOn(socket, folder);
  for (const id of listFolder(containersFolder(folder))) {
    await removeBundle(runtime, id, join(containersFolder(folder), id));
  }
  await runtime.close();
  await removeNetwork(folder.name);
  await closeRunFolder(folder);
  removeCgroupParents();
}

/** Removes what earlier runs left that were killed or ended with --keep; returns how many there were. */
export async function removeAbandonedRuns(): Promise<number> {
  let removed = 0;
  for (const folder of abandonedRuns()) {
    try {
      await removeRun(folder);
      removed += 1;
    } catch (error) {
      // Another simulation that started in the same moment was quicker.
      if (existsSync(folder.path)) throw error;
    }
  }
  return removed;
}
