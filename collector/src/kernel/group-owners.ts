import type { Addon } from "./addon.ts";
import { u32, u64 } from "./filter-keys.ts";
import { layout, sizes } from "./layout.ts";

/** The two control groups that a process is in, as its records tell them; 0 where there is none of a version. */
export type GroupIds = { cgroupIdV2: number; cgroupIdV1: number };
export type Owner = "host" | "container";

const numbers: Readonly<Record<Owner, number>> = { host: 1, container: 2 };

/**
 * Whose the processes in control groups are, for the filters: what is asked for of containers alone is kept back of the
 * host's (bpf/strays.h). Of a pair of groups that was not said nothing is.
 */
export class GroupOwners {
  readonly #addon: Addon;

  constructor(addon: Addon) {
    this.#addon = addon;
  }

  /** False where the kernel has no room for one more. */
  set(groups: GroupIds, owner: Owner): boolean {
    return this.#addon.mapUpdate("group_owners", keyOf(groups), u32(numbers[owner])) === 1;
  }

  forget(groups: GroupIds): void {
    this.#addon.mapDelete("group_owners", keyOf(groups));
  }

  /** Nothing is known of any: nothing is kept back. */
  clear(): void {
    const keys = this.#addon.mapKeys("group_owners");
    if (keys.length > 0) this.#addon.mapDelete("group_owners", keys);
  }

  /** Forgets what an earlier process said, and what was lost under it: this one looks at all that run before it says anything. */
  beginAnew(): void {
    this.clear();
    this.#setLost(0);
  }

  /** Whether the kernel lost count of who may have left a container: then nothing is kept back for its place any more. */
  get areStraysLost(): boolean {
    const state = this.#addon.mapLookup("strays_lost", u32(0));
    return state.readBigUInt64LE(layout.stray_state.lost) !== 0n;
  }

  loseStrays(): void {
    this.#setLost(1);
  }

  #setLost(lost: number): void {
    this.#addon.mapUpdate("strays_lost", u32(0), u64(lost));
  }
}

function keyOf({ cgroupIdV2, cgroupIdV1 }: GroupIds): Buffer {
  const key = Buffer.alloc(sizes.cgroup_ids);
  key.writeBigUInt64LE(BigInt(cgroupIdV2), layout.cgroup_ids.v2);
  key.writeBigUInt64LE(BigInt(cgroupIdV1), layout.cgroup_ids.v1);
  return key;
}
