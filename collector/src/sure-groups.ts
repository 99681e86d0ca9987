import type { Containers } from "./containers.ts";
import type { EventMaker } from "./event-maker.ts";
import { forgetOldest } from "./forget-oldest.ts";
import type { GroupIds, Owner } from "./kernel/group-owners.ts";
import type { KernelSource } from "./kernel-source.ts";
import { collectorLimits } from "./limits.ts";

/**
 * Says to the kernel whose control groups are, as soon as that is certain: what a plan asks of containers alone is kept back of
 * the host's. Late is no harm, of a group that was not said everything comes. The kernel follows who leaves a container while it
 * runs; who had done so before it did is in groups that are never said to be the host's.
 */
export class SureGroups {
  readonly #owners: KernelSource["owners"];
  /** What the kernel knows, by `groupsKey`. */
  readonly #told = new Map<string, Owner>();
  /** Never the host's: a container's process is in them that the kernel may not know for one. None of these is forgotten. */
  readonly #strayed = new Set<string>();
  /** They were a container's: the youngest, whose names may be used again. */
  readonly #notHosts = new Set<string>();
  readonly #beginUs: number;
  readonly #note: (reason: "strays_lost") => void;
  #hasBegun = false;
  #lookAgain: () => void = () => undefined;
  #hasNoted = false;

  /** `startBootUs`: when the kernel had begun to follow them. */
  constructor(owners: KernelSource["owners"], startBootUs: number, note: (reason: "strays_lost") => void) {
    this.#owners = owners;
    this.#note = note;
    this.#beginUs = startBootUs + collectorLimits.sureAfterUs;
  }

  /** Learns from those that meet tasks. */
  listenTo(containers: Pick<Containers, "onSure">, maker: Pick<EventMaker, "onStray">): void {
    containers.onSure = (task, key, owner) => this.learned(task, key, owner);
    maker.onStray = (task) => this.strayed(groupsKey(task));
  }

  /**
   * All that runs, and whether a task is a container's in groups of the host. Asked now, and of the same tasks once more before
   * the first word: the rings may tell of before (an earlier collector's do) whose somebody is that no ancestor tells any more.
   */
  ranBefore<T extends GroupIds>(tasks: readonly T[], hasLeft: (task: T) => boolean): void {
    this.#lookAgain = () => {
      for (const task of tasks) if (hasLeft(task)) this.strayed(groupsKey(task));
    };
    this.#lookAgain();
  }

  /** Records up to that time have been taken in; without a time, all that there are. Before the first, nothing is said. */
  caughtUp(bootUs = Number.POSITIVE_INFINITY): void {
    if (this.#hasBegun || bootUs <= this.#beginUs) return;
    this.#lookAgain();
    this.#lookAgain = () => undefined;
    this.#hasBegun = true;
  }

  /** It is certain whose they are. To be called as often as they are met. */
  learned(groups: GroupIds, key: string, owner: Owner): void {
    if (!this.#hasBegun || this.#told.get(key) === owner) return;
    if (owner === "container") this.#keepFromHost(key);
    else if (this.#isNotHosts(key)) return;
    // Groups come and go, and nobody says when they do: where there are too many, those that are there are said again.
    if (this.#told.size >= collectorLimits.groupOwnersMax || !this.#owners.set(groups, owner)) {
      this.#owners.clear();
      this.#told.clear();
    } else this.#told.set(key, owner);
  }

  /** A container's process was met in them, which bear the host's name. */
  strayed(key: string): void {
    if (!this.#hasBegun && this.#strayed.size <= collectorLimits.cgroupPathsMax) this.#strayed.add(key);
  }

  /** To be called every second or two: says so where the kernel has lost somebody. */
  look(): void {
    if (this.#hasNoted || !this.#owners.areStraysLost) return;
    this.#hasNoted = true;
    this.#note("strays_lost");
  }

  /** Too many strays: then nothing is said to be the host's, and all of it is told as before. */
  #isNotHosts(key: string): boolean {
    return this.#strayed.size > collectorLimits.cgroupPathsMax || this.#strayed.has(key) || this.#notHosts.has(key);
  }

  #keepFromHost(key: string): void {
    if (this.#notHosts.size >= collectorLimits.cgroupPathsMax) forgetOldest(this.#notHosts);
    this.#notHosts.add(key);
  }
}

/** One text for each pair of control groups. */
export const groupsKey = ({ cgroupIdV2, cgroupIdV1 }: GroupIds): string => `${cgroupIdV2}/${cgroupIdV1}`;
