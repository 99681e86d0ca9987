import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Fault, type FilterPlan } from "@atalaya/wire";
import { summed } from "../account.ts";
import type { Counter, KernelRecord } from "../kernel-record.ts";
import { type KernelOptions, type KernelSource, type OpenedKernel, placeOf, type Tampered } from "../kernel-source.ts";
import { accountValueBytes, readAccount, writeAccount } from "./account-map.ts";
import { type Addon, loadAddon } from "./addon.ts";
import { wordsOfPlan } from "./asked-words.ts";
import { type Earlier, openEarlier } from "./earlier-programs.ts";
import { EnforcedContainers } from "./enforced-containers.ts";
import { FilterMaps } from "./filter-maps.ts";
import { functionHooks, whereCallsAreSeen } from "./function-hooks.ts";
import { GroupOwners } from "./group-owners.ts";
import { readCounters } from "./kernel-counters.ts";
import { kernelLimits } from "./kernel-limits.ts";
import { layout, sizes } from "./layout.ts";
import { MissedRuns } from "./missed-runs.ts";
import { nameOwnTask } from "./own-tasks.ts";
import { lockPinFolder, PinnedSet, preparePinFolder } from "./pins.ts";
import { KernelPrograms } from "./probe-programs.ts";
import { programPlans } from "./programs.ts";
import { reasonFrom } from "./reason.ts";
import { RecordedContainers } from "./recorded-containers.ts";
import { Ring } from "./ring.ts";
import { ringIdOf } from "./ring-id.ts";
import { RingWait } from "./ring-wait.ts";
import { takeSnapshot } from "./snapshot.ts";
import { throttledGroups } from "./throttled-groups.ts";

/**
 * Goes on with what an earlier process left at work in `pinFolder`, or loads and attaches whatever this kernel takes.
 * One source at a time in a thread: they would share their handles. Throws Fault SENSOR_UNAVAILABLE when the addon is
 * missing or no program brings events.
 */
export function openKernel(options: KernelOptions): OpenedKernel {
  const addon = loadAddon(options.objectFolder);
  const layoutHash = readHash(options.objectFolder, "sources");
  const setName = `${layoutHash}_${readHash(options.objectFolder, "records")}`;
  try {
    const pins = openPins(addon, options.pinFolder, setName);
    const started = start(addon, options, pins);
    const earlier = options.pinFolder === undefined ? undefined : openEarlier(addon, options.pinFolder, setName);
    // Whoever reads ours reads theirs, too.
    addon.markRead(0);
    const missed = new MissedRuns(addon);
    // Now: no figure of programs that were taken over goes back.
    started.programs.lookForMissed(missed);
    return sourceOf(addon, { ...started, layoutHash, pins, earlier, missed });
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
  programs: KernelPrograms;
  callsSeen: string;
  /** Attaches what is loaded and asked for, and pins it. */
  hang: () => void;
  rings: { lifecycle: Ring; bulk: Ring };
  filters: FilterMaps;
  enforced: EnforcedContainers;
  recorded: RecordedContainers;
  owners: GroupOwners;
  adopted: boolean;
  gapUs: number;
};

function start(addon: Addon, options: KernelOptions, pins: PinnedSet | undefined): Started {
  const { found, lastReadUs } = adoptMaps(addon, pins);
  if (!found) pins?.remove();
  const hooks = functionHooks(addon, options.hooksFunctions !== false);
  const programs = new KernelPrograms(addon, options.objectFolder, hooks);
  const filters = new FilterMaps(addon);
  const ignoreOurs = () => filters.ignore(options.ignorePids ?? []);
  if (found) {
    // First: to open all that an earlier process left is more than the budget holds of what is told of strangers, and would be lost.
    ignoreOurs();
    filters.adopt();
  }
  if (found && pins !== undefined) programs.adopt(pins);
  const before = filters.words();
  programs.load(new Set([...before, ...wordsOfFirst(options.plan, found)]));
  refuseWithoutEvents(programs, "loaded");
  if (!found) make(addon.makeMap("account", accountValueBytes));
  const adopted = found && programs.tookOver(before);
  const rings = { lifecycle: new Ring(addon, "lifecycle"), bulk: new Ring(addon, "bulk") };
  const enforced = new EnforcedContainers(addon);
  enforced.clear();
  const recorded = new RecordedContainers(addon, filters);
  recorded.clear();
  const owners = new GroupOwners(addon);
  owners.beginAnew();
  if (!found) ignoreOurs();
  addon.markRead(options.unreadAfterMs ?? kernelLimits.unreadAfterMs);
  const unpinned = found ? "" : (pins?.pinMaps() ?? "");
  if (found && pins !== undefined) pins.isInUse = true;
  const hang = () => {
    for (const state of programs.attach()) {
      const outcome = unpinned === "" ? (pins?.pinLink(state.name) ?? "") : unpinned;
      if (outcome !== "") state.reason = `runs, but is not pinned and ends with this process: ${reasonFrom(outcome)}`;
    }
    const named = addon.nameOwn();
    const watch = programs.states.find((state) => placeOf(state.name) === "sensor_bpf" && state.attached);
    if (named !== "" && watch !== undefined)
      watch.reason = `runs, but does not know what is ours: ${reasonFrom(named)}`;
  };
  hang();
  for (const name of found ? programs.leftOut : []) pins?.unpinLink(name);
  refuseWithoutEvents(programs, "attached");
  const gapUs = adopted || lastReadUs === 0 ? 0 : Math.max(0, Math.round(bootUs() - lastReadUs));
  return {
    programs,
    callsSeen: whereCallsAreSeen(hooks),
    hang,
    rings,
    filters,
    enforced,
    recorded,
    owners,
    adopted,
    gapUs,
  };
}

/** An earlier collector's plan stays in force until the next comes. */
function wordsOfFirst(plan: KernelOptions["plan"], isAdopted: boolean): Iterable<string> {
  if (plan === undefined) return [];
  if (plan !== "unknown") return wordsOfPlan(plan);
  return isAdopted ? [] : programPlans.flatMap(({ askedBy = [] }) => askedBy);
}

/**
 * Takes over the maps that lie in `pins`: `found` where all of them are there, as they should be. `lastReadUs`: since
 * boot, when somebody read them last; 0 where that is not known.
 */
function adoptMaps(addon: Addon, pins: PinnedSet | undefined): { found: boolean; lastReadUs: number } {
  if (pins?.isWhole !== true) return { found: false, lastReadUs: 0 };
  const found = pins.adoptMaps();
  const lastReadUs = lastRead(addon);
  if (!found) addon.forgetMaps("");
  return { found, lastReadUs };
}

function lastRead(addon: Addon): number {
  try {
    const state = addon.mapLookup("reader", Buffer.alloc(4));
    return state.length === sizes.reader_state ? Number(state.readBigUInt64LE(layout.reader_state.read_ns)) / 1e3 : 0;
  } catch {
    return 0;
  }
}

function bootUs(): number {
  return Number(readFileSync("/proc/uptime", "latin1").split(" ")[0]) * 1e6;
}

type Parts = Started &
  Pick<KernelSource, "layoutHash"> & {
    pins: PinnedSet | undefined;
    earlier: Earlier | undefined;
    missed: MissedRuns;
  };

function sourceOf(addon: Addon, parts: Parts): OpenedKernel {
  const { programs, layoutHash, rings, pins, adopted, gapUs } = parts;
  let { earlier } = parts;
  const wait = new RingWait(addon);
  earlier?.whenEnded(() => {
    earlier = undefined;
  });
  return {
    get programs() {
      return programs.states;
    },
    layoutHash,
    callsSeen: parts.callsSeen,
    drain: (ring, bytesMax) => rings[ring].drain(bytesMax),
    release: (ring, position) => rings[ring].release(position),
    whenFilled: (everyMs, atMostMs, then) => wait.begin(everyMs, atMostMs, then),
    snapshot: (): KernelRecord[] => takeSnapshot(addon, programs.iterator),
    counters: () => withMissed(readCounters(addon), parts.missed),
    throttled: () => throttledGroups(addon),
    nameOwnTask: (name, pid) => nameOwnTask(addon, name, pid),
    lookAfter: () => lookAfter(parts),
    rings: () => [rings.lifecycle.fill(), rings.bulk.fill()],
    prepare: (plan) => programs.prepare(wordsOfPlan(plan)),
    setFilterPlan: (plan) => setPlan(parts, plan),
    takeOff: () => programs.takeOff((program) => pins?.unpinLink(program) ?? true),
    ringId: ringIdOf(addon),
    adopted,
    gapUs,
    readAccount: () => readAccount(addon, "account"),
    writeAccount: (bytes) => writeAccount(addon, "account", bytes),
    missed: parts.missed,
    enforced: parts.enforced,
    recorded: parts.recorded,
    owners: parts.owners,
    get earlier() {
      return earlier;
    },
    unpin() {
      earlier?.end();
      addon.letGo();
      // While the folder is still locked: whoever comes next finds nothing.
      if (pins !== undefined) pins.isInUse = false;
      pins?.remove();
      pins?.removePlace();
      addon.close();
    },
    close: () => addon.close(),
    switchHook: (name, isOn) => programs.switchHook(name, isOn),
  };
}

/** Of no two programs in the kernel's counters, so that there is nothing to sum where none was missed. */
function withMissed(counters: Counter[], missed: MissedRuns): Counter[] {
  const more = missed.counters();
  return more.length === 0 ? counters : summed([...counters, ...more]);
}

/** What is asked for anew hangs before the plan is in force, and what is asked for no more goes afterwards. */
function setPlan({ programs, hang, filters }: Parts, plan: FilterPlan): void {
  const words = wordsOfPlan(plan);
  programs.load(words);
  hang();
  const followsStrays = strayPrograms.every((name) => programs.states.some((one) => one.name === name && one.attached));
  filters.set(followsStrays ? plan : { ...plan, containers_only: [] });
  programs.forget(words);
}

/** Without them nobody knows who left a container, and nothing is kept back for its place. */
const strayPrograms = ["process_fork", "cgroup_moved"];

/** Puts back what somebody else took off or away, and asks how often the kernel left programs out. */
function lookAfter({ programs, hang, pins, owners, missed }: Parts): Tampered {
  programs.lookForMissed(missed);
  const detached = programs.takenOff((program) => pins?.unpinLink(program) ?? true);
  if (detached.some((name) => strayPrograms.includes(name))) owners.loseStrays();
  if (detached.length > 0) hang();
  const pinned = programs.states.filter((state) => state.attached && state.reason === undefined);
  const unpinned = pins?.isInUse === true ? pins.putBack(pinned.map(({ name }) => name)) : [];
  return { detached, unpinned };
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

function refuseWithoutEvents(programs: KernelPrograms, step: "loaded" | "attached"): void {
  if (programs.bringEvents(step)) return;
  const { states } = programs;
  const reason = states.find((program) => program.reason !== undefined)?.reason ?? "no reason was given";
  const message = `No BPF program could be ${step}. It needs root (or CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN, CAP_SYS_PTRACE) and a kernel with BTF. The first said: ${reason}`;
  throw new Fault("SENSOR_UNAVAILABLE", message, { programs: states.length });
}
