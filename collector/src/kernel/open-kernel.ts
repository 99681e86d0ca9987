import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Fault, type ProgramState } from "@atalaya/wire";
import type { KernelRecord } from "../kernel-record.ts";
import type { KernelOptions, KernelSource } from "../kernel-source.ts";
import { accountValueBytes, readAccount, writeAccount } from "./account-map.ts";
import { type Addon, loadAddon } from "./addon.ts";
import { type Earlier, openEarlier } from "./earlier-programs.ts";
import { FilterMaps } from "./filter-maps.ts";
import { readCounters } from "./kernel-counters.ts";
import { lockPinFolder, PinnedSet, preparePinFolder } from "./pins.ts";
import { attachPrograms, bringsEvents, iteratorOf, loadPrograms, tookOver } from "./probe-programs.ts";
import { Ring } from "./ring.ts";
import { ringIdOf } from "./ring-id.ts";
import { takeSnapshot } from "./snapshot.ts";

/**
 * Goes on with what an earlier process left at work in `pinFolder`, or loads and attaches whatever this kernel takes.
 * One source at a time in a thread: they would share their handles. Throws Fault SENSOR_UNAVAILABLE when the addon is
 * missing or no program brings events.
 */
export function openKernel(options: KernelOptions): KernelSource {
  const addon = loadAddon(options.objectFolder);
  const layoutHash = readHash(options.objectFolder, "sources");
  const setName = `${layoutHash}_${readHash(options.objectFolder, "records")}`;
  try {
    const pins = openPins(addon, options.pinFolder, setName);
    const started = start(addon, options, pins);
    const earlier = options.pinFolder === undefined ? undefined : openEarlier(addon, options.pinFolder, setName);
    return sourceOf(addon, { ...started, layoutHash, pins, earlier });
  } catch (error) {
    addon.close();
    throw error;
  }
}

function openPins(addon: Addon, pinFolder: string | undefined, setName: string): PinnedSet | undefined {
  if (pinFolder === undefined) return undefined;
  preparePinFolder(pinFolder);
  lockPinFolder(addon, pinFolder);
  return new PinnedSet(addon, pinFolder, setName);
}

type Started = {
  programs: ProgramState[];
  rings: { lifecycle: Ring; bulk: Ring };
  filters: FilterMaps;
  iterator: string | undefined;
  adopted: boolean;
  gapUs: number;
};

function start(addon: Addon, options: KernelOptions, pins: PinnedSet | undefined): Started {
  const found = pins?.isWhole === true ? pins : undefined;
  if (found === undefined) pins?.remove();
  else found.adoptMaps();
  const programs = loadPrograms(addon, options.objectFolder, found);
  refuseWithoutEvents(programs, "loaded");
  if (found === undefined) make(addon.makeMap("account", accountValueBytes));
  const adopted = found !== undefined && tookOver(programs);
  const gapUs = found === undefined || adopted ? 0 : sinceRead(addon);
  const rings = { lifecycle: new Ring(addon, "lifecycle"), bulk: new Ring(addon, "bulk") };
  const filters = new FilterMaps(addon);
  if (found !== undefined) filters.adopt();
  filters.ignore(options.ignorePids ?? []);
  const attached = attachPrograms(addon, programs);
  refuseWithoutEvents(programs, "attached");
  if (pins !== undefined) pin(pins, attached, found !== undefined);
  return { programs, rings, filters, iterator: iteratorOf(programs), adopted, gapUs };
}

/** Where a link cannot be pinned its program ends with this process, and the next start tells the gap. */
function pin(pins: PinnedSet, attached: readonly string[], isThere: boolean): void {
  if (!isThere) pins.pinMaps();
  for (const program of attached) pins.pinLink(program);
  if (!isThere) pins.finish();
}

/** For how long nobody has read the rings, in microseconds; 0 where nobody ever did. */
function sinceRead(addon: Addon): number {
  const readUs = Number(addon.mapLookup("reader", Buffer.alloc(4)).readBigUInt64LE(0));
  const bootUs = Number(readFileSync("/proc/uptime", "latin1").split(" ")[0]) * 1e6;
  return readUs === 0 ? 0 : Math.max(0, Math.round(bootUs - readUs));
}

type Parts = Started & Pick<KernelSource, "layoutHash"> & { pins: PinnedSet | undefined; earlier: Earlier | undefined };

function sourceOf(addon: Addon, parts: Parts): KernelSource {
  const { programs, layoutHash, rings, filters, iterator, pins, adopted, gapUs } = parts;
  let { earlier } = parts;
  earlier?.whenEnded(() => {
    earlier = undefined;
  });
  return {
    programs,
    layoutHash,
    drain: (ring, bytesMax) => rings[ring].drain(bytesMax),
    release: (ring, position) => rings[ring].release(position),
    snapshot: (): KernelRecord[] => takeSnapshot(addon, iterator),
    counters: () => readCounters(addon),
    rings: () => [rings.lifecycle.fill(), rings.bulk.fill()],
    setFilterPlan: (plan) => filters.set(plan),
    ringId: ringIdOf(addon),
    adopted,
    gapUs,
    readAccount: () => readAccount(addon, "account"),
    writeAccount: (bytes) => writeAccount(addon, "account", bytes),
    get earlier() {
      return earlier;
    },
    unpin() {
      earlier?.end();
      addon.close();
      pins?.remove();
      pins?.removePlace();
    },
    close: () => addon.close(),
  };
}

function make(outcome: string): void {
  if (outcome === "") return;
  throw new Fault("SENSOR_UNAVAILABLE", `The kernel refuses a map: ${outcome.split("\n")[0]}. It needs root.`);
}

/** Of the sources that the objects were built from, or of those of the records' layout: 16 hexadecimal digits. */
function readHash(objectFolder: string, of: "sources" | "records"): string {
  const file = join(objectFolder, `${of}.sha256`);
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
