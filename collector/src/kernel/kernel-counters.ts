import type { Counter } from "../kernel-record.ts";
import type { Addon } from "./addon.ts";
import type { Struct } from "./btf.ts";
import { layout, recordKind, sizes } from "./layout.ts";

/** Where each reason's number lies in a slot, and how long a slot is. */
export type CountSlot = { bytes: number; reasons: readonly (readonly [reason: string, offset: number])[] };

const ownSlot: CountSlot = { bytes: sizes.count_slot, reasons: Object.entries(layout.count_slot) };

/** Another build's slot: those of our reasons that it knows. */
export function countSlotOf(struct: Struct): CountSlot {
  const reasons = ownSlot.reasons.flatMap(([reason]) => {
    const member = struct.members.get(reason);
    return member?.size === 8 ? [[reason, member.offset] as const] : [];
  });
  return { bytes: struct.size, reasons };
}

/** Every class's counts, summed over processors, from the map of that name. */
export function readCounters(addon: Addon, map = "counts", { bytes, reasons } = ownSlot): Counter[] {
  const counters: Counter[] = [];
  const known = addon.mapShape(map)[3];
  for (const [name, kind] of Object.entries(recordKind)) {
    if (kind === recordKind.snapshot || kind >= known) continue;
    const key = Buffer.alloc(4);
    key.writeUInt32LE(kind);
    const slots = addon.mapLookup(map, key);
    for (const [reason, offset] of reasons) {
      let value = 0;
      for (let at = 0; at < slots.length; at += bytes) {
        value += slots.readUInt32LE(at + offset) + slots.readUInt32LE(at + offset + 4) * 4294967296;
      }
      counters.push({ class: name, reason, value });
    }
  }
  return counters;
}
