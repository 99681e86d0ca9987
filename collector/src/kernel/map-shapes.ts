import { accountValueBytes } from "./account-map.ts";
import { sizes } from "./layout.ts";

/** Type (enum bpf_map_type), bytes of a key, bytes of a value, entries. */
export type MapShape = readonly [type: number, keyBytes: number, valueBytes: number, entries: number];

const hash = 1;
const array = 2;
const perProcessorArray = 6;
const lruHash = 9;
const prefixTree = 11;
const ring = 27;
const countSlots = 64;

/** The maps that are pinned, as bpf/maps.h and bpf/limits.h make them. */
export const mapShapes: Readonly<Record<string, MapShape>> = {
  lifecycle: [ring, 0, 0, 4 << 20],
  bulk: [ring, 0, 0, 8 << 20],
  counts: [perProcessorArray, 4, sizes.count_slot, countSlots],
  ignored: [hash, 4, 8, 64],
  names: [hash, sizes.name_key, 4, 32_768],
  prefixes: [prefixTree, sizes.prefix_key, 4, 512],
  domains: [prefixTree, sizes.domain_key, 4, 32_768],
  ports: [hash, 4, 4, 2_048],
  asked: [lruHash, sizes.asked_key, 8, 8_192],
  budgets: [lruHash, sizes.budget_key, sizes.budget, 8_192],
  own_tasks: [hash, 4, sizes.own_task, 16],
  own_objects: [hash, sizes.own_object_key, sizes.own_object, 1_024],
  destinations: [lruHash, sizes.asked_key, 8, 2_048],
  recorded: [hash, sizes.recorded_key, 4, 4_096],
  group_owners: [hash, sizes.cgroup_ids, 4, 8_192],
  strays: [hash, 4, 8, 8_192],
  strays_lost: [array, 4, sizes.stray_state, 1],
  enforced: [hash, 4, sizes.enforced_root, 4_096],
  enforced_until: [array, 4, 8, 1],
  connecting: [lruHash, 8, sizes.connecting, 4_096],
  dns_askers: [lruHash, sizes.dns_question_key, sizes.record_task, 4_096],
  dns_callers: [lruHash, 8, sizes.record_task, 1_024],
  uring_paths: [lruHash, 8, 516, 256],
  moved: [lruHash, sizes.moved_key, sizes.moved_name, 1_024],
  moved_ends: [array, 4, sizes.moved_ends, 1],
  settings: [array, 4, sizes.filter_settings, 1],
  reader: [array, 4, sizes.reader_state, 1],
  resting: [array, 4, 4, 1],
  account: [array, 4, accountValueBytes, 1],
};

/** Whether a map that was found in a set of this build is what this build makes. */
export function isOurs(map: string, shape: MapShape): boolean {
  const wanted = mapShapes[map];
  return wanted?.every((one, i) => one === shape[i]) === true;
}

/** Of another build only these are taken over: it may not have the rest. */
export const readableMaps: readonly string[] = ["lifecycle", "bulk", "reader", "account"];

/** And its counters, where its own types say how long one of their slots is; it may know fewer kinds. */
export function isCountsOf(slotBytes: number, shape: MapShape): boolean {
  return shape[0] === perProcessorArray && shape[1] === 4 && shape[2] === slotBytes && shape[3] > 0;
}

/** Of another build little is asked: that its rings are rings, and that what is read as one value is one. */
export function isReadableShape(map: string, shape: MapShape): boolean {
  const isRing = map === "lifecycle" || map === "bulk";
  return isRing === (shape[0] === ring) && (map !== "account" || shape.join() === mapShapes["account"]?.join());
}
