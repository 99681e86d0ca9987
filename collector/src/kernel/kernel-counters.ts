import type { Counter } from "../kernel-record.ts";
import type { Addon } from "./addon.ts";
import type { Struct } from "./btf.ts";
import { layout, recordKind, sizes } from "./layout.ts";

/** Where each reason's number lies in a slot, and how long a slot is. */
export type CountSlot = { bytes: number; reasons: readonly (readonly [reason: string, offset: number])[] };

const ownSlot: CountSlot = { bytes: sizes.count_slot, reasons: Object.entries(layout.count_slot) };

/** What the kernel counts records under, and the number in their head. A snapshot is asked for, and goes through no ring. */
export const counted = Object.entries(recordKind).filter(([, kind]) => kind !== recordKind.snapshot);
const slots = Math.max(...Object.values(recordKind)) + 1;

/** Another build's slot: those of our reasons that it knows. */
export function countSlotOf(struct: Struct): CountSlot {
  const reasons = ownSlot.reasons.flatMap(([reason]) => {
    const member = struct.members.get(reason);
    return member?.size === 8 && member.offset % 8 === 0 ? [[reason, member.offset] as const] : [];
  });
  return { bytes: struct.size, reasons };
}

/** Every class's counts, summed over processors, from the map of that name. */
export function readCounters(addon: Addon, map = "counts", { bytes, reasons } = ownSlot): Counter[] {
  const words = Math.ceil(bytes / 8);
  const sums = new Float64Array(slots * words);
  const known = addon.mapSums(map, Buffer.from(sums.buffer));
  const counters: Counter[] = [];
  for (const [name, kind] of counted) {
    if (kind >= known) continue;
    for (const [reason, offset] of reasons)
      counters.push({ class: name, reason, value: sums[kind * words + offset / 8] as number });
  }
  return counters;
}
