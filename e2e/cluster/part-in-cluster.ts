import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { PartMessage } from "@atalaya/wire";
import type { Place } from "./place.ts";

const main = fileURLToPath(new URL("../../cli/src/main.ts", import.meta.url));
const stopPatienceMs = 10_000;
type Ready = Extract<PartMessage, { type: "ready" }>;

/** A part of Atalaya as a process of its own in the cluster's network. It ends when the test's process does. */
export type PartInCluster = {
  /** The part itself, not a shell around it: kill it as you like. */
  process: ChildProcess;
  ready: Ready;
  /** What it prints. */
  logFile: string;
  stop(): Promise<void>;
};

/** The command line that runs `atalaya ARGS` inside the cluster's network. */
export function atalayaCommand(place: Place, args: readonly string[]): string[] {
  return [`--net=${place.netns}`, process.execPath, "--disable-warning=ExperimentalWarning", main, ...args];
}

/** Starts `atalaya hub|collector|publisher ARGS` there; throws with its own words when it does not become ready. */
export async function startPartIn(place: Place, args: readonly string[], logFile: string): Promise<PartInCluster> {
  const log = openSync(logFile, "a", 0o600);
  const child = spawn("nsenter", atalayaCommand(place, args), { stdio: ["ignore", log, log, "ipc"] });
  closeSync(log);
  const message = await firstMessage(child, args[0] ?? "", logFile);
  const stop = () => stopChild(child);
  if (message.type === "ready") return { process: child, ready: message, logFile, stop };
  await stop();
  throw new Error(`the ${message.part} did not start: ${message.message} (see ${logFile})`);
}

function firstMessage(child: ChildProcess, name: string, logFile: string): Promise<PartMessage> {
  return new Promise((resolve, reject) => {
    child.once("message", (message) => resolve(message as PartMessage));
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      reject(new Error(`the ${name} ended at its start (${signal ?? `status ${code}`}); see ${logFile}`));
    });
  });
}

/** Asks a child to end, and ends it when it does not. */
export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const impatient = setTimeout(() => child.kill("SIGKILL"), stopPatienceMs);
  await ended;
  clearTimeout(impatient);
}
