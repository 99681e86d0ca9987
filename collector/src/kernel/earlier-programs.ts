import type { EarlierPrograms } from "../kernel-source.ts";
import { readAccount, writeAccount } from "./account-map.ts";
import type { Addon } from "./addon.ts";
import { readCounters } from "./kernel-counters.ts";
import { isReadableShape, readableMaps } from "./map-shapes.ts";
import { PinnedSet, pinnedSets } from "./pins.ts";
import { Ring } from "./ring.ts";
import { ringIdOf } from "./ring-id.ts";

const prefix = "earlier/";

/** What `ended` is called for: the source has no earlier programs any more. */
export type Earlier = EarlierPrograms & { whenEnded(ended: () => void): void };

/**
 * The programs of another build that an earlier process left at work below `pinFolder`; undefined where there are none.
 * Sets that were never finished or are not sound go, and so do those beside the first: two upgrades in a row, the second before the
 * first one's collector had drained.
 */
export function openEarlier(addon: Addon, pinFolder: string, own: string): Earlier | undefined {
  let found: Earlier | undefined;
  for (const other of pinnedSets(pinFolder).filter((one) => one !== own)) {
    const set = new PinnedSet(addon, pinFolder, other);
    const isReadable = other.split("_")[1] === own.split("_")[1];
    const adopt = () => (isReadable ? set.adoptMaps(prefix) : set.adoptMaps(prefix, isReadableShape, readableMaps));
    if (found === undefined && set.isWhole && adopt()) {
      found = earlierOf(addon, set, isReadable);
      continue;
    }
    if (found === undefined) addon.forgetMaps(prefix);
    set.remove();
  }
  return found;
}

function earlierOf(addon: Addon, set: PinnedSet, isReadable: boolean): Earlier {
  const ring = (name: "lifecycle" | "bulk") => new Ring(addon, name, prefix + name);
  const rings = { lifecycle: ring("lifecycle"), bulk: ring("bulk") };
  let ended = () => {};
  return {
    ringId: ringIdOf(addon, prefix),
    readable: isReadable,
    drain: (name, bytesMax) => (isReadable ? rings[name].drain(bytesMax) : rings[name].skip(bytesMax)),
    release: (name, position) => rings[name].release(position),
    counters: () => (isReadable ? readCounters(addon, `${prefix}counts`) : []),
    readAccount: () => readAccount(addon, `${prefix}account`),
    writeAccount: (bytes) => writeAccount(addon, `${prefix}account`, bytes),
    detach: () => set.detach(),
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
