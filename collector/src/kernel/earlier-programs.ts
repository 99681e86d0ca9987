import { summed } from "../account.ts";
import type { EarlierPrograms } from "../kernel-source.ts";
import { readAccount, writeAccount } from "./account-map.ts";
import type { Addon } from "./addon.ts";
import { pinnedSets } from "./bpffs.ts";
import { u32, u64 } from "./filter-keys.ts";
import { type CountSlot, countSlotOf, readCounters } from "./kernel-counters.ts";
import { isCountsOf, isReadableShape, type MapShape, mapShapes, readableMaps } from "./map-shapes.ts";
import { MissedRuns } from "./missed-runs.ts";
import { PinnedSet } from "./pins.ts";
import { startTicks } from "./proc-snapshot.ts";
import { Ring } from "./ring.ts";
import { ringIdOf } from "./ring-id.ts";
import { RecordTranslator } from "./translate-records.ts";

const prefix = "earlier/";
const introduced = "introduced/";

/** What `ended` is called for: the source has no earlier programs any more. */
export type Earlier = EarlierPrograms & { whenEnded(ended: () => void): void };

/** How the rings and counters of another build are read. */
type Reading = { translator?: RecordTranslator; slot?: CountSlot };

/**
 * The programs of another build that an earlier process left at work below `pinFolder`; undefined where there are none.
 * Sets that were never finished or are not sound go, and so do those beside the first: two upgrades in a row, the second before the
 * first one's collector had drained.
 */
export function openEarlier(addon: Addon, pinFolder: string, own: string): Earlier | undefined {
  let found: Earlier | undefined;
  for (const other of pinnedSets(pinFolder).filter((one) => one !== own)) {
    const set = new PinnedSet(addon, pinFolder, other);
    introduce(addon, set);
    if (found === undefined && set.isWhole) {
      const isSame = other.split("_")[1] === own.split("_")[1];
      found = isSame ? openSame(addon, set) : openOther(addon, set, new PinnedSet(addon, pinFolder, own));
      if (found !== undefined) continue;
      addon.forgetMaps(prefix);
    }
    set.remove();
  }
  return found;
}

/**
 * Names this process to the earlier programs as one of ours. They tell what strangers do with them, and to take them over is more of
 * that than a budget holds: it would be counted as lost.
 */
function introduce(addon: Addon, set: PinnedSet): void {
  const isPidsAndTicks = (_: string, [type, keyBytes, valueBytes]: MapShape) =>
    `${[type, keyBytes, valueBytes]}` === `${mapShapes["ignored"]?.slice(0, 3)}`;
  const ticks = startTicks(process.pid);
  try {
    if (ticks !== undefined && set.adoptMaps(introduced, isPidsAndTicks, ["ignored"]))
      addon.mapUpdate(`${introduced}ignored`, u32(process.pid), u64(ticks));
  } finally {
    addon.forgetMaps(introduced);
  }
}

function openSame(addon: Addon, set: PinnedSet): Earlier | undefined {
  return set.adoptMaps(prefix) ? earlierOf(addon, set, {}) : undefined;
}

/** Laid out otherwise: read by the types that its programs were built with, where they say enough; else only counted. */
function openOther(addon: Addon, set: PinnedSet, own: PinnedSet): Earlier | undefined {
  if (!set.adoptMaps(prefix, isReadableShape, readableMaps)) return undefined;
  const theirs = set.structs();
  const translator = RecordTranslator.between(theirs, own.structs());
  const counts = theirs.get("count_slot");
  const isCounted = (_: string, shape: MapShape) => counts !== undefined && isCountsOf(counts.size, shape);
  if (translator === undefined || counts === undefined || !set.adoptMaps(prefix, isCounted, ["counts"]))
    return earlierOf(addon, set, undefined);
  return earlierOf(addon, set, { translator, slot: countSlotOf(counts) });
}

function earlierOf(addon: Addon, set: PinnedSet, reading: Reading | undefined): Earlier {
  const ring = (name: "lifecycle" | "bulk") => new Ring(addon, name, prefix + name, reading?.translator);
  const rings = { lifecycle: ring("lifecycle"), bulk: ring("bulk") };
  const missed = new MissedRuns(set);
  missed.lookAtAll();
  let ended = () => {};
  return {
    ringId: ringIdOf(addon, prefix),
    readable: reading !== undefined,
    sameLayout: reading !== undefined && reading.translator === undefined,
    drain: (name, bytesMax) => (reading === undefined ? rings[name].skip(bytesMax) : rings[name].drain(bytesMax)),
    release: (name, position) => rings[name].release(position),
    counters: () =>
      reading === undefined
        ? []
        : summed([...readCounters(addon, `${prefix}counts`, reading.slot), ...missed.counters()]),
    readAccount: () => readAccount(addon, `${prefix}account`),
    writeAccount: (bytes) => writeAccount(addon, `${prefix}account`, bytes),
    missed,
    detach() {
      missed.lookAtAll();
      set.detach();
    },
    end() {
      set.remove();
      addon.forgetMaps(prefix);
      ended();
    },
    whenEnded(then) {
      ended = then;
    },
  };
}
