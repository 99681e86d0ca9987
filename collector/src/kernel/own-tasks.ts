import type { Addon } from "./addon.ts";
import { u32, u64 } from "./filter-keys.ts";
import { sizes } from "./layout.ts";
import { startTicks } from "./proc-snapshot.ts";

const map = "own_tasks";
const { own_task: valueBytes } = sizes;
const nameAt = 8;

/** The sensor's own processes, as the kernel side calls them. */
export type OwnTask = "collector" | "publisher";

/**
 * From now on signals of others to this process are told, under that name; of a process that had the name before no more. A
 * process that is gone, or gets the id later, has none.
 */
export function nameOwnTask(addon: Addon, name: OwnTask, pid: number): void {
  const ticks = startTicks(pid);
  const value = Buffer.alloc(valueBytes);
  value.write(name, nameAt);
  for (const key of keysOf(addon.mapKeys(map))) {
    const isSame = addon.mapLookup(map, key).subarray(nameAt).equals(value.subarray(nameAt));
    if (isSame && key.readUInt32LE(0) !== pid) addon.mapDelete(map, key);
  }
  if (ticks === undefined) return;
  u64(ticks).copy(value);
  addon.mapUpdate(map, u32(pid), value);
}

function keysOf(bytes: Buffer): Buffer[] {
  return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.subarray(i * 4, i * 4 + 4));
}
