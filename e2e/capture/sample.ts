import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { eventToJson, type SyscallEvent } from "@atalaya/wire";
import { type Attack, attackId, commandText } from "../attacks/attack.ts";

const root = join(import.meta.dirname, "..", "..");
const samplesFolder = join(root, "detections", "samples");
/** Where this sensor and its Node lie is nobody's business either: as in the image. */
const ofThisMachine = [
  [process.execPath, "/atalaya/bin/node"],
  [root, "/atalaya"],
] as const;

/** Above the runtime stands whoever ran the capture: no part of the attack, and nobody's business. */
const runtimes = ["runc", "containerd-shim"];

/** Where the sample of an entry lies. */
export function sampleFile(attack: Attack, folder: string = samplesFolder): string {
  return join(folder, `${attackId(attack)}.json`);
}

/** Writes an entry's events as a sample; volatile values (times, ids) stay as the kernel gave them. */
export async function writeSample(attack: Attack, events: readonly SyscallEvent[], folder?: string): Promise<void> {
  const file = sampleFile(attack, folder);
  const sample = {
    kernel: `Linux ${release().replace(/-.*/, "")}`,
    runtime: await runtimeVersion(),
    command: commandText(attack),
    captured: true,
    events: events.map((event) => eventToJson(belowTheRuntime(event))),
  };
  mkdirSync(dirname(file), { recursive: true });
  const text = `${JSON.stringify(sample, null, 2)}\n`;
  writeFileSync(
    file,
    ofThisMachine.reduce((whole, [here, there]) => whole.replaceAll(here, there), text),
  );
}

/** The event with its ancestors up to the runtime, which is the last. */
export function belowTheRuntime<T extends SyscallEvent>(event: T): T {
  const names = event.ancestor_names ?? [];
  const runtime = names.findIndex((name) => runtimes.some((one) => name.startsWith(one)));
  // A first process whose starter has ended hangs below the machine's own first process, or below none.
  const keep = runtime < 0 ? insideOnly(event) : runtime + 1;
  return {
    ...event,
    ancestor_pids: cut(event.ancestor_pids, keep),
    ancestor_starts_us: cut(event.ancestor_starts_us, keep),
    ancestor_names: cut(event.ancestor_names, keep),
    ancestor_exe_paths: cut(event.ancestor_exe_paths, keep),
    ancestor_cmdlines: cut(event.ancestor_cmdlines, keep),
  };
}

/** Ancestors until the container's own servers end. */
function insideOnly(event: SyscallEvent): number {
  const names = event.ancestor_names ?? [];
  return names.findLastIndex((name) => name.startsWith("php-fpm") || name === "nginx") + 1;
}

function cut<T>(list: readonly T[] | null, keep: number): readonly T[] | null {
  return list === null ? null : list.slice(0, keep);
}

async function runtimeVersion(): Promise<string> {
  const { stdout } = await promisify(execFile)("runc", ["--version"]);
  return (stdout.split("\n")[0] ?? "runc").replace("version ", "");
}
