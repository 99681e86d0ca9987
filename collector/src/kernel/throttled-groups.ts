import type { ThrottledGroup } from "../kernel-source.ts";
import type { Addon } from "./addon.ts";
import { layout, recordKind, sizes } from "./layout.ts";

const kindNames = new Map<number, string>(Object.entries(recordKind).map(([name, kind]) => [kind, name]));
/** The upper half of a key's kind is a part of it: which call, which change (bpf/budget.h). */
const kindMask = 0xffff;
/** Budgets of the flight recorder alone: what is above them no rule had asked for. */
const recorderPart = 0x8000_0000;

/**
 * The control groups that used up a budget, from the map `budgets`: what each was not told of, by kind of record, since its entry
 * was made. The map forgets the groups that said nothing for longest, so the sum is at most what `counts` has.
 */
export function throttledGroups(addon: Addon): ThrottledGroup[] {
  const keys = addon.mapKeys("budgets");
  const sums = new Map<string, ThrottledGroup>();
  for (let at = 0; at + sizes.budget_key <= keys.length; at += sizes.budget_key) {
    const key = keys.subarray(at, at + sizes.budget_key);
    const value = addon.mapLookup("budgets", key);
    if (value.length !== sizes.budget) continue; // forgotten since its key was read
    if (key.readUInt32LE(layout.budget_key.kind) >= recorderPart) continue;
    const throttled = Number(value.readBigUInt64LE(layout.budget.throttled));
    if (throttled > 0) add(sums, groupOf(key, throttled));
  }
  return [...sums.values()];
}

function groupOf(key: Buffer, value: number): ThrottledGroup {
  const ids = layout.budget_key.ids;
  const kind = key.readUInt32LE(layout.budget_key.kind) & kindMask;
  return {
    cgroupIdV2: Number(key.readBigUInt64LE(ids + layout.cgroup_ids.v2)),
    cgroupIdV1: Number(key.readBigUInt64LE(ids + layout.cgroup_ids.v1)),
    class: kindNames.get(kind) ?? String(kind),
    value,
  };
}

/** One sum a group and kind: the parts of a kind are told together. */
function add(sums: Map<string, ThrottledGroup>, one: ThrottledGroup): void {
  const name = `${one.cgroupIdV2} ${one.cgroupIdV1} ${one.class}`;
  const known = sums.get(name);
  if (known === undefined) sums.set(name, one);
  else known.value += one.value;
}
