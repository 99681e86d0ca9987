import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { limits } from "./limits.ts";
import { mountMemory, unmountBelow } from "./mounts.ts";
import { isAlive, type ProcessIdentity, processIdentity } from "./process-identity.ts";

// What a run makes outside itself carries the run's name: its folder, its network namespace, its containerd.
// A run that was killed is found by its folder and cleaned by the next one.
//
//   /run/atalaya-sim/NAME.owner   "PID START", written first and removed last
//   /run/atalaya-sim/NAME/        a tmpfs: what containers write never reaches a disk

export const runsFolder = "/run/atalaya-sim";

/** One run's own place. `name` is unique on this machine. */
export type RunFolder = { name: string; path: string };

/** Makes the folder of a new run and notes this process as its owner. Needs root. */
export async function openRunFolder(): Promise<RunFolder> {
  const name = `atalaya-sim-${randomBytes(4).toString("hex")}`;
  const folder = { name, path: join(runsFolder, name) };
  mkdirSync(runsFolder, { recursive: true, mode: 0o755 });
  const self = processIdentity(process.pid);
  writeFileSync(ownerFile(folder), `${self?.pid} ${self?.start}`, { flag: "wx", mode: 0o600 });
  mkdirSync(folder.path, { mode: 0o755 });
  await mountMemory(folder.path, limits.runFolderBytes);
  return folder;
}

/** Unmounts and removes the folder. Containers and namespaces that use it must be gone. */
export async function closeRunFolder(folder: RunFolder): Promise<void> {
  await unmountBelow(folder.path);
  // Never recursive: what is not empty here is something that could not be unmounted.
  removeFolder(folder.path);
  rmSync(ownerFile(folder), { force: true });
  removeFolder(runsFolder);
}

/** The folders of runs whose process is gone: killed, or ended with --keep. */
export function abandonedRuns(): RunFolder[] {
  const names = listFolder(runsFolder).map((name) => name.replace(/\.owner$/, ""));
  const folders = [...new Set(names)].map((name) => ({ name, path: join(runsFolder, name) }));
  return folders.filter((folder) => {
    const owner = ownerOf(folder);
    return /^atalaya-sim-[0-9a-f]{8}$/.test(folder.name) && (owner === undefined || !isAlive(owner));
  });
}

/** The names in a folder; none when it is not there. */
export function listFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** Removes a folder if it is empty: another run may still be at work in it. */
export function removeFolder(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // Gone already, or still used by another run.
  }
}

function ownerFile(folder: RunFolder): string {
  return `${folder.path}.owner`;
}

function ownerOf(folder: RunFolder): ProcessIdentity | undefined {
  try {
    const [pid, start] = readFileSync(ownerFile(folder), "utf8").split(" ");
    return start === undefined ? undefined : { pid: Number(pid), start };
  } catch {
    return undefined;
  }
}
