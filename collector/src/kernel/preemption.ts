import { readFileSync } from "node:fs";
import { release } from "node:os";
import { gunzipSync } from "node:zlib";

/** Reads a text file of this machine or of the host (as its first process sees it); undefined where there is none. */
export type ReadText = (path: string) => string | undefined;

/**
 * Whether a task can lose its processor in the middle of the kernel's work to another task (`full`, `lazy`, real time): what such a
 * kernel says it was built with, or was switched to. True where nothing says.
 */
export function mayPreemptKernel(read: ReadText = readHost): boolean {
  const build = read("/proc/sys/kernel/version") ?? "PREEMPT";
  if (!build.includes("PREEMPT")) return false;
  if (!build.includes("PREEMPT_DYNAMIC")) return true;
  return !["none", "voluntary"].includes(dynamicModel(read) ?? "full");
}

/** Of a kernel that can be switched: in force now, said at the start, or what it was built to start with. */
function dynamicModel(read: ReadText): string | undefined {
  const inForce = read("/sys/kernel/debug/sched/preempt")?.match(/\((\w+)\)/)?.[1];
  // Said more than once, the last one counts.
  const said = [...(read("/proc/cmdline") ?? "").matchAll(/(?:^|\s)preempt=(\w+)/g)].at(-1)?.[1];
  return inForce ?? said ?? builtModel(read("/proc/config.gz") ?? read(`/boot/config-${release()}`));
}

function builtModel(config: string | undefined): string | undefined {
  if (config === undefined) return undefined;
  const isSet = (name: string) => new RegExp(`^CONFIG_PREEMPT${name}=y$`, "m").test(config);
  if (isSet("_VOLUNTARY")) return "voluntary";
  return isSet("_NONE") ? "none" : undefined;
}

function readHost(path: string): string | undefined {
  for (const from of ["", "/proc/1/root"]) {
    try {
      const bytes = readFileSync(from + path);
      return (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("latin1");
    } catch {
      // Not there, or not for us.
    }
  }
  return undefined;
}
