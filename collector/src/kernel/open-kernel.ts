import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "@atalaya/wire";
import type { KernelRecord } from "../kernel-record.ts";
import type { KernelOptions, KernelSource } from "../kernel-source.ts";
import { type Addon, loadAddon } from "./addon.ts";
import { FilterMaps } from "./filter-maps.ts";
import { readCounters } from "./kernel-counters.ts";
import { attachPrograms, bringsEvents, iteratorOf, loadPrograms } from "./probe-programs.ts";
import { Ring } from "./ring.ts";
import { takeSnapshot } from "./snapshot.ts";

/**
 * Loads and attaches whatever this kernel takes. One source at a time in a thread: they would share their handles.
 * Throws Fault SENSOR_UNAVAILABLE when the addon is missing or no program brings events.
 */
export function openKernel(options: KernelOptions): KernelSource {
  const addon = loadAddon(options.objectFolder);
  const layoutHash = readLayoutHash(options.objectFolder);
  const programs = loadPrograms(addon, options.objectFolder);
  try {
    refuseWithoutEvents(programs, "loaded");
    const rings = { lifecycle: new Ring(addon, "lifecycle"), bulk: new Ring(addon, "bulk") };
    const filters = new FilterMaps(addon);
    filters.ignore(options.ignorePids ?? []);
    attachPrograms(addon, programs);
    refuseWithoutEvents(programs, "attached");
    return sourceOf(addon, { programs, layoutHash, rings, filters, iterator: iteratorOf(programs) });
  } catch (error) {
    addon.close();
    throw error;
  }
}

type Parts = Pick<KernelSource, "programs" | "layoutHash"> & {
  rings: { lifecycle: Ring; bulk: Ring };
  filters: FilterMaps;
  iterator: string | undefined;
};

function sourceOf(addon: Addon, { programs, layoutHash, rings, filters, iterator }: Parts): KernelSource {
  let account: Buffer | undefined;
  return {
    programs,
    layoutHash,
    drain: (ring, bytesMax) => rings[ring].drain(bytesMax),
    release: (ring, position) => rings[ring].release(position),
    snapshot: (): KernelRecord[] => takeSnapshot(addon, iterator),
    counters: () => [...readCounters(addon), ...rings.lifecycle.counters(), ...rings.bulk.counters()],
    rings: () => [rings.lifecycle.fill(), rings.bulk.fill()],
    setFilterPlan: (plan) => filters.set(plan),
    ringId: randomBytes(8).toString("hex"),
    adopted: false,
    gapUs: 0,
    readAccount: () => account,
    writeAccount: (bytes) => {
      account = Buffer.from(bytes);
    },
    earlier: undefined,
    unpin: () => addon.close(),
    close: () => addon.close(),
  };
}

/** Of the sources that the objects were built from: 16 hexadecimal digits. */
function readLayoutHash(objectFolder: string): string {
  const file = join(objectFolder, "sources.sha256");
  try {
    return readFileSync(file, "utf8").slice(0, 16);
  } catch (error) {
    throw new Fault("SENSOR_UNAVAILABLE", "The sensor's build is incomplete: build it again.", { file }, error);
  }
}

function refuseWithoutEvents(programs: KernelSource["programs"], step: "loaded" | "attached"): void {
  if (bringsEvents(programs, step)) return;
  const reason = programs.find((program) => program.reason !== undefined)?.reason ?? "no reason was given";
  const message = `No BPF program could be ${step}. It needs root (or CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN, CAP_SYS_PTRACE) and a kernel with BTF. The first said: ${reason}`;
  throw new Fault("SENSOR_UNAVAILABLE", message, { programs: programs.length });
}
