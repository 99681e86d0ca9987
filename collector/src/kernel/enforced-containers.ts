import type { Addon } from "./addon.ts";
import { u32, u64 } from "./filter-keys.ts";
import { kernelLimits } from "./kernel-limits.ts";
import { layout, sizes } from "./layout.ts";

/** A container in which nothing runs that did not come with its image. */
export type EnforcedContainer = {
  /** Of the overlay that is its root, as stat(2) gives it for the root folder. */
  device: number;
  /** The container's own control group: the memory controller's where it is a v1 hierarchy, else of v2. */
  cgroupId: number;
  cgroupVersion: 1 | 2;
  /** Only say what would have been blocked. */
  isDry: boolean;
};

/** Where the kernel blocks (bpf/block.h). It does so only while somebody renews: see `renew`. */
export class EnforcedContainers {
  readonly #addon: Addon;
  /** False where the programs are of a build that does not know how: then nothing is ever blocked. */
  readonly isPossible: boolean;

  constructor(addon: Addon) {
    this.#addon = addon;
    this.isPossible = hasMaps(addon);
  }

  /** False where the kernel has no room for one more. */
  add({ device, cgroupId, cgroupVersion, isDry }: EnforcedContainer): boolean {
    if (!this.isPossible) return false;
    const { enforced_root: of } = layout;
    const value = Buffer.alloc(sizes.enforced_root);
    value.writeBigUInt64LE(BigInt(cgroupId), of.cgroup_id);
    value.writeUInt32LE(cgroupVersion, of.cgroup_version);
    value.writeUInt32LE(isDry ? 1 : 0, of.is_dry);
    return this.#addon.mapUpdate("enforced", u32(device), value) === 1;
  }

  remove(device: number): void {
    if (!this.isPossible) return;
    this.#addon.mapDelete("enforced", u32(device));
  }

  /** What an earlier process left is not ours: nothing of it is enforced. */
  clear(): void {
    if (!this.isPossible) return;
    this.release();
    const keys = this.#addon.mapKeys("enforced");
    if (keys.length > 0) this.#addon.mapDelete("enforced", keys);
  }

  /** For so long from now on the kernel blocks; to be called every second. */
  renew(): void {
    if (!this.isPossible) return;
    const untilNs = Number(process.hrtime.bigint()) + kernelLimits.enforcementLeaseMs * 1e6;
    this.#addon.mapUpdate("enforced_until", u32(0), u64(untilNs));
  }

  /** From now on nothing is blocked. */
  release(): void {
    if (!this.isPossible) return;
    this.#addon.mapUpdate("enforced_until", u32(0), u64(0));
  }
}

function hasMaps(addon: Addon): boolean {
  try {
    const [, keyBytes, valueBytes] = addon.mapShape("enforced");
    const [, , untilBytes] = addon.mapShape("enforced_until");
    return keyBytes === 4 && valueBytes === sizes.enforced_root && untilBytes === 8;
  } catch {
    return false;
  }
}
