import { spawn } from "node:child_process";
import { appendFileSync, closeSync, existsSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { isAlive, type ProcessIdentity, processIdentity } from "../../simulator/src/process-identity.ts";
import type { Place } from "./place.ts";

export type Noted = ProcessIdentity & { name: string };

/** Ended after this, when a part did not end by itself: the API server waits for its audit webhook without end. */
const gracefulMs = 4_000;

/** Starts a part inside the cluster's namespace; it outlives us, its output goes to logs/NAME.log, and it is noted. */
export function startPart(place: Place, name: string, command: readonly string[]): Noted {
  const log = openSync(join(place.folder, "logs", `${name}.log`), "a", 0o600);
  // Not `ip netns exec`: that mounts a /sys of its own, without the control groups.
  const args = [`--net=${place.netns}`, ...command];
  const child = spawn("nsenter", args, { cwd: place.folder, detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  child.unref();
  const identity = child.pid === undefined ? undefined : processIdentity(child.pid);
  if (identity === undefined) throw new Error(`${name} did not start: see ${place.folder}/logs/${name}.log`);
  appendFileSync(pidsFile(place), `${identity.pid} ${identity.start} ${name}\n`);
  return { ...identity, name };
}

/** The parts that were started and still run. A pid that another process has by now is not among them. */
export function runningParts(place: Place): Noted[] {
  if (!existsSync(pidsFile(place))) return [];
  const lines = readFileSync(pidsFile(place), "utf8").split("\n");
  return lines.flatMap((line) => {
    const [pid, start, name] = line.split(" ");
    if (start === undefined || name === undefined) return [];
    const noted = { pid: Number(pid), start, name };
    return isAlive(noted) ? [noted] : [];
  });
}

/** Ends the parts, the last started first. */
export async function stopParts(place: Place): Promise<void> {
  await stop(runningParts(place).reverse());
  rmSync(pidsFile(place), { force: true });
}

/** Ends one part by its name, if it runs. */
export async function stopPart(place: Place, name: string): Promise<void> {
  await stop(runningParts(place).filter((part) => part.name === name));
}

async function stop(parts: readonly Noted[]): Promise<void> {
  for (const part of parts) signal(part, "SIGTERM");
  const until = performance.now() + gracefulMs;
  while (parts.some(isAlive) && performance.now() < until) await pause(50);
  for (const part of parts) signal(part, "SIGKILL");
  while (parts.some(isAlive)) await pause(20);
}

function signal(part: Noted, name: NodeJS.Signals): void {
  if (!isAlive(part)) return;
  try {
    process.kill(part.pid, name);
  } catch {
    // It has just ended.
  }
}

function pidsFile(place: Place): string {
  return join(place.folder, "pids");
}
