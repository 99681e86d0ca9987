import type { Counter } from "../kernel-record.ts";
import type { Addon } from "./addon.ts";
import { layout, recordKind, sizes } from "./layout.ts";

const reasons = Object.entries(layout.count_slot);

/** Every class's counts, summed over processors, from the map of that name. */
export function readCounters(addon: Addon, map = "counts"): Counter[] {
  const counters: Counter[] = [];
  for (const [name, kind] of Object.entries(recordKind)) {
    if (kind === recordKind.snapshot) continue;
    const key = Buffer.alloc(4);
    key.writeUInt32LE(kind);
    const slots = addon.mapLookup(map, key);
    for (const [reason, offset] of reasons) {
      let value = 0;
      for (let at = 0; at < slots.length; at += sizes.count_slot) {
        value += slots.readUInt32LE(at + offset) + slots.readUInt32LE(at + offset + 4) * 4294967296;
      }
      counters.push({ class: name, reason, value });
    }
  }
  return counters;
}
