import {
  type BlockingState,
  blockIn,
  type DesiredState,
  type DriftPolicy,
  type LabelsOfPods,
  labelsOf,
  type ScopeFacts,
  type SensorReport,
} from "@atalaya/wire";
import type { CgroupPaths, HierarchyVersion } from "../cgroup-paths.ts";
import type { Container } from "../containers.ts";
import type { KernelSource } from "../kernel-source.ts";
import { collectorLimits } from "../limits.ts";
import type { PermitFile } from "./permit-file.ts";

export type BlockerOptions = {
  enforced: KernelSource["enforced"];
  /** Whether the program that blocks is at work. */
  isAttached: boolean;
  containers(): Iterable<Container>;
  paths: Pick<CgroupPaths, "idOf">;
  permit: PermitFile;
  cluster: string;
  /** Of the overlay that is the root there; undefined where none is. */
  deviceOf(rootFolder: string): number | undefined;
  note(reason: "enforce_refused" | "enforce_full"): void;
  log(line: string): void;
};

type Withheld = "not_permitted" | "root_unknown" | "full" | "unsupported";
type Entry = { device: number; cgroupId: number; version: HierarchyVersion; isTrial: boolean };

/**
 * From a drift policy and the node's own file to the kernel: in which containers programs that did not come with the
 * image are blocked. Only where both say so, and the container is known; never on the host. The kernel keeps to it for
 * as long as `step` is called, and a few seconds longer.
 */
export class Blocker {
  readonly #options: BlockerOptions;
  readonly #entries = new Map<Container, Entry>();
  /** Who has a device now: a new overlay may get the number of one that is gone. */
  readonly #byDevice = new Map<number, Container>();
  readonly #withheld = new Map<Container, Withheld>();
  readonly #news = new Set<Container>();
  #policy: DriftPolicy | undefined;
  #podLabels: LabelsOfPods = {};
  #isUnderstood = true;
  #hasChanged = true;
  #isHeld = false;
  #hasEnded = false;
  #sweepMs = 0;

  constructor(options: BlockerOptions) {
    this.#options = options;
  }

  /** The policy in force, undefined where it blocks nowhere; and the labels of pods that it asks for, as far as they are known. */
  setPolicy(policy: DesiredState["drift"], podLabels: LabelsOfPods = {}): void {
    this.#podLabels = podLabels;
    this.#isUnderstood = policy !== "not_understood";
    this.#policy = policy === "not_understood" ? undefined : policy;
    if (!this.#isUnderstood) this.#options.log("nothing is blocked: the policy has words of a later version");
    this.#hasChanged = true;
  }

  /** A container is new, or more is known of it. */
  learned(container: Container): void {
    this.#news.add(container);
  }

  /** To be called several times a second: looks at the file, at what is new, and renews the lease. */
  step(nowMs: number): void {
    if (this.#options.permit.look()) this.#said();
    const isSweep = nowMs >= this.#sweepMs;
    if (isSweep) this.#sweep(nowMs);
    // Those that are blocked may have been forgotten by whoever knows containers.
    const all = () => new Set([...this.#options.containers(), ...this.#entries.keys()]);
    if (this.#hasChanged) for (const container of all()) this.#settle(container);
    else for (const container of this.#news) this.#settle(container);
    this.#hasChanged = false;
    this.#news.clear();
    this.#renew();
  }

  /** As `step`, where something became known that may not wait. */
  hurry(nowMs: number): void {
    if (this.#news.size > 0 && this.#policy !== undefined) this.step(nowMs);
  }

  /** From now on nothing is blocked, whatever else becomes known. */
  end(): void {
    this.#hasEnded = true;
    this.#release();
  }

  #release(): void {
    if (this.#isHeld) this.#options.enforced.release();
    this.#isHeld = false;
  }

  /** As the report says it; undefined where nobody asks for it. */
  get state(): SensorReport["blocking"] {
    const { now } = this.#options.permit;
    if (this.#policy === undefined && this.#isUnderstood && now.state === "not_permitted") return undefined;
    const trials = [...this.#entries.values()].filter((entry) => entry.isTrial).length;
    const counts = new Map<string, number>();
    for (const reason of this.#withheld.values()) counts.set(reason, (counts.get(reason) ?? 0) + 1);
    const withheld = [...counts].map(([reason, value]) => ({ reason, value }));
    const why = now.state === "refused" ? { why: now.why } : {};
    return { state: this.#word(), ...why, containers: this.#entries.size - trials, trials, withheld };
  }

  #word(): BlockingState {
    const { state } = this.#options.permit.now;
    if (state !== "on") return state;
    if (!this.#isSupported()) return "unsupported";
    if (!this.#isUnderstood) return "not_understood";
    return this.#policy === undefined ? "idle" : "on";
  }

  #isSupported(): boolean {
    return this.#options.isAttached && this.#options.enforced.isPossible;
  }

  #said(): void {
    const { permit, log, note } = this.#options;
    this.#hasChanged = true;
    if (permit.now.state === "refused") {
      note("enforce_refused");
      log(`nothing is blocked: the file that would permit it is refused: ${permit.now.why}`);
    } else if (permit.now.state === "on") log("blocking is permitted by this node's file");
    else log(permit.now.state === "off" ? "blocking is switched off by this node's file" : "blocking is not permitted");
  }

  #renew(): void {
    if (this.#entries.size === 0 || this.#hasEnded) {
      this.#release();
      return;
    }
    this.#options.enforced.renew();
    this.#isHeld = true;
  }

  #settle(container: Container): void {
    const wanted = this.#judge(container);
    this.#withheld.delete(container);
    if (typeof wanted === "string") this.#withheld.set(container, wanted);
    const entry = typeof wanted === "object" ? wanted : undefined;
    const known = this.#entries.get(container);
    if (known !== undefined && entry !== undefined && isSame(known, entry)) return;
    if (known !== undefined) this.#remove(container, known);
    if (entry !== undefined && !this.#add(container, entry)) this.#withheld.set(container, "full");
  }

  /** What is to be blocked where; or why not; or undefined where nobody wants it. */
  #judge(container: Container): Entry | Withheld | undefined {
    const { cluster, permit, paths, deviceOf } = this.#options;
    const { cgroup, rootFolder } = container;
    if (this.#policy === undefined || cgroup === null) return undefined;
    const place = placeOf(cluster, container, this.#podLabels);
    const block = blockIn(this.#policy, place);
    if (block === undefined) return undefined;
    const cgroupId = paths.idOf(cgroup.version, cgroup.path);
    if (cgroupId === undefined) return undefined; // it has ended
    if (permit.now.state !== "on" || !permit.now.permits(place)) return "not_permitted";
    if (!this.#isSupported()) return "unsupported";
    const device = rootFolder === null ? undefined : deviceOf(rootFolder);
    if (device === undefined) return "root_unknown";
    return { device, cgroupId, version: cgroup.version, isTrial: block.isTrial };
  }

  #add(container: Container, entry: Entry): boolean {
    const { device, cgroupId, version: cgroupVersion, isTrial: isDry } = entry;
    if (!this.#options.enforced.add({ device, cgroupId, cgroupVersion, isDry })) {
      this.#options.note("enforce_full");
      return false;
    }
    const before = this.#byDevice.get(device);
    if (before !== undefined) this.#entries.delete(before);
    this.#entries.set(container, entry);
    this.#byDevice.set(device, container);
    return true;
  }

  #remove(container: Container, { device }: Entry): void {
    this.#entries.delete(container);
    if (this.#byDevice.get(device) !== container) return;
    this.#byDevice.delete(device);
    this.#options.enforced.remove(device);
  }

  /** Takes out the ended, and looks again at what was withheld. */
  #sweep(nowMs: number): void {
    this.#sweepMs = nowMs + collectorLimits.blockingSweepMs;
    for (const container of this.#withheld.keys()) this.#news.add(container);
    for (const [container, entry] of [...this.#entries]) {
      const { cgroup } = container;
      const id = cgroup === null ? undefined : this.#options.paths.idOf(cgroup.version, cgroup.path);
      if (id === entry.cgroupId) continue;
      this.#remove(container, entry);
      this.#news.add(container); // Docker starts a container again under its id
    }
  }
}

function isSame(one: Entry, other: Entry): boolean {
  return one.device === other.device && one.cgroupId === other.cgroupId && one.isTrial === other.isTrial;
}

/** A container whose files were not read has none of these, so that a rule that asks for one never blocks it. */
function placeOf(cluster: string, container: Container, podLabels: LabelsOfPods): ScopeFacts {
  const { namespace, pod, podUid, name, image } = container;
  return { cluster, namespace, pod, container: name, image, labels: labelsOf(podLabels, podUid) };
}
