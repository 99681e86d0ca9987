import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { Fault } from "@atalaya/wire";
import type { HubClient } from "@atalaya/wire/client";
import type { RuntimeName } from "./container/runtime.ts";
import { limits } from "./limits.ts";
import { findProgram } from "./programs.ts";
import { sensorsOf } from "./sensors.ts";

/** Something that the simulation needs and this machine lacks, and how to get it. */
export type Missing = { what: string; remedy: string };

type Need = { program: string; package: string };

const programs: Record<RuntimeName | "always", Need[]> = {
  always: [
    { program: "ip", package: "iproute2" },
    { program: "mount", package: "mount" },
    { program: "nsenter", package: "util-linux" },
    { program: "flock", package: "util-linux" },
  ],
  runc: [{ program: "runc", package: "runc" }],
  containerd: [
    { program: "runc", package: "runc" },
    { program: "ctr", package: "containerd" },
    { program: "containerd", package: "containerd" },
    { program: "containerd-shim-runc-v2", package: "containerd" },
  ],
};

/** What of the machine is missing, all of it at once; `has` says whether a program is there. */
export function missingHere(
  runtime: RuntimeName,
  rootCached: boolean,
  has: (program: string) => boolean = (name) => findProgram(name) !== undefined,
  isRoot = process.getuid?.() === 0,
): Missing[] {
  const missing: Missing[] = [];
  if (process.platform !== "linux") missing.push({ what: "a Linux kernel", remedy: "run it on Linux" });
  if (!isRoot) missing.push({ what: "root", remedy: "run it again with sudo" });
  for (const need of [...programs.always, ...programs[runtime]]) {
    if (!has(need.program)) missing.push({ what: need.program, remedy: `apt-get install ${need.package}` });
  }
  if (!rootCached && !has("mmdebstrap") && !has("busybox")) {
    missing.push({ what: "mmdebstrap (or busybox, for a smaller victim)", remedy: "apt-get install mmdebstrap" });
  }
  if (!existsSync("/sys/fs/cgroup")) missing.push({ what: "cgroups", remedy: "mount them at /sys/fs/cgroup" });
  return missing;
}

/** Throws Fault SIMULATION_UNAVAILABLE that names everything that is missing. */
export function requireHere(runtime: RuntimeName, rootCached: boolean): void {
  refuseMissing(missingHere(runtime, rootCached));
}

/** Throws Fault SIMULATION_UNAVAILABLE that names everything that is missing, each with its remedy. */
export function refuseMissing(missing: readonly Missing[]): void {
  if (missing.length === 0) return;
  const lines = missing.map(({ what, remedy }) => `  ${what}: ${remedy}`);
  throw new Fault("SIMULATION_UNAVAILABLE", `The simulation needs what is not here:\n${lines.join("\n")}`);
}

/**
 * Throws unless the hub answers and the sensor of this machine is live: else every alert would be missed. A sensor that
 * was just started gets `patienceMs` to report.
 */
export async function requireSensor(
  hub: Pick<HubClient, "text" | "url">,
  node = hostname(),
  patienceMs: number = limits.sensorReportsMs,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const here = (await sensorsOf(hub)).filter((sensor) => sensor.node === node);
    if (here.some((sensor) => sensor.state !== "silent")) return;
    if (performance.now() < deadline) {
      await pause(250);
      continue;
    }
    const known =
      here.length === 0 ? "has no sensor on this machine" : "has not heard from this machine's sensor lately";
    const remedy = "Start it as root with: npm start (its first lines say why a sensor cannot run)";
    throw new Fault("SIMULATION_UNAVAILABLE", `The hub at ${hub.url} ${known} (${node}). ${remedy}`);
  }
}
