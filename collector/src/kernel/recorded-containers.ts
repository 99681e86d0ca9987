import type { Addon } from "./addon.ts";
import { u32 } from "./filter-keys.ts";
import type { FilterMaps } from "./filter-maps.ts";
import { settingsFlag } from "./filter-settings.ts";
import { layout, sizes } from "./layout.ts";

/** A container's own control group: of version 2, or the memory controller's. */
export type RecordedGroup = { cgroupId: number; cgroupVersion: 1 | 2 };

/**
 * Of which containers the kernel lets through, marked, what the flight recorder keeps and no rule asks for (bpf/recorded.h).
 * The filters look for them only while there are some.
 */
export class RecordedContainers {
  readonly #addon: Addon;
  readonly #filters: Pick<FilterMaps, "record">;
  readonly #held = { 1: new Set<number>(), 2: new Set<number>() };

  constructor(addon: Addon, filters: Pick<FilterMaps, "record">) {
    this.#addon = addon;
    this.#filters = filters;
  }

  /** From the next call of its processes on; false where the kernel has no room for one more. */
  add(group: RecordedGroup): boolean {
    const { cgroupId, cgroupVersion } = group;
    if (this.#held[cgroupVersion].has(cgroupId)) return true;
    if (this.#addon.mapUpdate("recorded", keyOf(group), u32(1)) !== 1) return false;
    this.#held[cgroupVersion].add(cgroupId);
    this.#tell();
    return true;
  }

  remove(group: RecordedGroup): void {
    if (!this.#held[group.cgroupVersion].delete(group.cgroupId)) return;
    this.#addon.mapDelete("recorded", keyOf(group));
    this.#tell();
  }

  /** What an earlier process left: whom it recorded is told anew. */
  clear(): void {
    const keys = this.#addon.mapKeys("recorded");
    if (keys.length > 0) this.#addon.mapDelete("recorded", keys);
    this.#tell();
  }

  #tell(): void {
    const v2 = this.#held[2].size > 0 ? settingsFlag.recordsV2Groups : 0;
    const v1 = this.#held[1].size > 0 ? settingsFlag.recordsV1Groups : 0;
    this.#filters.record(v2 | v1);
  }
}

function keyOf({ cgroupId, cgroupVersion }: RecordedGroup): Buffer {
  const key = Buffer.alloc(sizes.recorded_key);
  key.writeBigUInt64LE(BigInt(cgroupId), layout.recorded_key.cgroup_id);
  key.writeUInt32LE(cgroupVersion, layout.recorded_key.version);
  return key;
}
