import {
  type FilterPlan,
  isRecorded,
  type LabelsOfPods,
  labelsOf,
  noRecording,
  type RecorderPolicy,
} from "@atalaya/wire";
import type { CgroupPaths } from "./cgroup-paths.ts";
import type { Container } from "./containers.ts";
import type { RecordedGroup } from "./kernel/recorded-containers.ts";
import type { KernelSource } from "./kernel-source.ts";
import { collectorLimits } from "./limits.ts";
import { recorderWord } from "./recorder-word.ts";

export type RecordedGroupsOptions = {
  recorded: KernelSource["recorded"];
  /** Every container that is known. */
  containers(): Iterable<Container>;
  paths: Pick<CgroupPaths, "idOf">;
  cluster: string;
  note(reason: "recorder_full"): void;
};

/** The plan, with what the flight recorder asks for. */
export function withRecorder(plan: FilterPlan, { scopes }: RecorderPolicy = noRecording): FilterPlan {
  return scopes.length === 0 ? plan : { ...plan, calls: [...plan.calls, recorderWord] };
}

/**
 * From a recorder's policy to the kernel: the control groups of the containers that a scope names, so that more is let
 * through of them than rules ask for. Takes in who is known, and takes out who has ended.
 */
export class RecordedGroups {
  readonly #options: RecordedGroupsOptions;
  readonly #held = new Map<Container, RecordedGroup>();
  /** Those for which there was no room: each is counted once, and tried again. */
  readonly #refused = new Set<Container>();
  readonly #news = new Set<Container>();
  #policy = noRecording;
  #podLabels: LabelsOfPods = {};
  #hasChanged = false;
  #sweepMs = 0;

  constructor(options: RecordedGroupsOptions) {
    this.#options = options;
  }

  /** How many the kernel knows; undefined where no policy names any. */
  get size(): number | undefined {
    return this.#policy.scopes.length === 0 ? undefined : this.#held.size;
  }

  /** With the labels of pods, by uid, that are known. */
  setPolicy(policy: RecorderPolicy, podLabels: LabelsOfPods = {}): void {
    this.#policy = policy;
    this.#podLabels = podLabels;
    this.#hasChanged = true;
  }

  /** A container is new, or more is known of it. */
  learned(container: Container): void {
    if (this.#policy.scopes.length > 0) this.#news.add(container);
  }

  /** To be called several times a second, and where something became known. */
  step(nowMs: number): void {
    if (nowMs >= this.#sweepMs) this.#sweep(nowMs);
    if (this.#hasChanged) {
      for (const container of [...this.#options.containers(), ...this.#held.keys()]) this.#news.add(container);
      this.#hasChanged = false;
    }
    for (const container of this.#news) this.#settle(container);
    this.#news.clear();
  }

  #settle(container: Container): void {
    const wanted = this.#wantedOf(container);
    const held = this.#held.get(container);
    if (held !== undefined && isSame(held, wanted)) return;
    if (held !== undefined) this.#remove(container, held);
    if (wanted === undefined || this.#options.recorded.add(wanted)) {
      this.#refused.delete(container);
      if (wanted !== undefined) this.#held.set(container, wanted);
    } else if (!this.#refused.has(container)) {
      this.#refused.add(container);
      this.#options.note("recorder_full");
    }
  }

  /** Undefined where it is not recorded, or has ended. */
  #wantedOf({ cgroup, namespace, pod, podUid, name, image }: Container): RecordedGroup | undefined {
    const { cluster, paths } = this.#options;
    const labels = labelsOf(this.#podLabels, podUid);
    const isWanted = isRecorded(this.#policy, { cluster, namespace, pod, container: name, image, labels });
    if (cgroup === null || !isWanted) return undefined;
    const cgroupId = paths.idOf(cgroup.version, cgroup.path);
    return cgroupId === undefined ? undefined : { cgroupId, cgroupVersion: cgroup.version };
  }

  /** A container that was started again under its id may have the same group as it had before. */
  #remove(container: Container, group: RecordedGroup): void {
    this.#held.delete(container);
    const isShared = [...this.#held.values()].some((other) => isSame(other, group));
    if (!isShared) this.#options.recorded.remove(group);
  }

  /** Looks at each that is held (it may have ended, and one may have been started again under its id) or for which there was no room. */
  #sweep(nowMs: number): void {
    this.#sweepMs = nowMs + collectorLimits.recordedSweepMs;
    for (const container of [...this.#held.keys(), ...this.#refused]) this.#news.add(container);
  }
}

function isSame(one: RecordedGroup, other: RecordedGroup | undefined): boolean {
  return one.cgroupId === other?.cgroupId && one.cgroupVersion === other.cgroupVersion;
}
