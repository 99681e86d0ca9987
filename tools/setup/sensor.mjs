import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./root.mjs";

/** Builds the BPF objects and the addon. Gives one sentence that says why there is no sensor, or undefined. */
export async function buildSensor(log) {
  if (process.platform !== "linux") return `The sensor needs Linux; on ${process.platform} everything else runs.`;
  if (!existsSync("/sys/kernel/btf/vmlinux")) {
    return "No sensor: this kernel has no BTF (/sys/kernel/btf/vmlinux). Use a kernel built with CONFIG_DEBUG_INFO_BTF, as Debian's are.";
  }
  try {
    const { buildCollector } = await import(pathToFileURL(join(root, "collector", "build.mjs")).href);
    await buildCollector({ root, log });
    return undefined;
  } catch (error) {
    return `No sensor: ${error.message}`;
  }
}
