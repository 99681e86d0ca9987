import type { FilterPlan } from "@atalaya/wire";
import type { Addon } from "./addon.ts";
import { wordsOfSettings } from "./asked-words.ts";
import { domainKey, endKey, nameKey, prefixKey, u32, u64 } from "./filter-keys.ts";
import { eitherOf, settingsFlag, settingsOf, withEveryName, withRecording } from "./filter-settings.ts";
import { sizes } from "./layout.ts";
import { mapShapes } from "./map-shapes.ts";
import { startTicks } from "./proc-snapshot.ts";

const forOpen = 1;
const forExec = 2;
const forSocket = 4;
const forEnd = 8;
const forChange = 16;
const forChangeEnd = 32;
const prefixForWrite = 1;
const prefixForOpen = 2;
const prefixForChange = 4;

/** A map of a plan: what it should hold, by key. */
type Wanted = Map<string, { key: Buffer; value: number }>;
const planMaps = ["names", "prefixes", "domains", "ports"] as const;
type PlanMap = (typeof planMaps)[number];
const keySizes: Readonly<Record<PlanMap, number>> = {
  names: sizes.name_key,
  prefixes: sizes.prefix_key,
  domains: sizes.domain_key,
  ports: 4,
};

/** Keeps the maps `names`, `prefixes`, `domains`, `ports` and `settings` equal to a filter plan. */
export class FilterMaps {
  readonly #addon: Addon;
  /** The keys that lie in each map. */
  readonly #held = new Map<PlanMap, Map<string, Buffer>>();
  #settings: Buffer = Buffer.alloc(sizes.filter_settings);
  #recording = 0;

  constructor(addon: Addon) {
    this.#addon = addon;
  }

  /**
   * What is wanted anew is let through before what is no longer wanted goes: at no moment is something kept back that
   * the plan before and this one both let through.
   */
  set(plan: FilterPlan): void {
    const wanted = new Map(planMaps.map((map) => [map, wantedOf(plan, map)]));
    const settings = withRecording(settingsOf(plan), this.#recording);
    const either = eitherOf(this.#settings, settings);
    const isTight = this.#isTight(wanted.get("names"));
    if (isTight) {
      this.#writeSettings(withEveryName(either));
      this.#dropStale("names", wanted.get("names"));
    }
    for (const [map, entries] of wanted) this.#writeAll(map, entries);
    if (!isTight) this.#writeSettings(either);
    this.#writeSettings(settings);
    for (const [map, entries] of wanted) this.#dropStale(map, entries);
    this.#settings = settings;
  }

  /** Whether the filters look for recorded containers, and in which hierarchies: flags of the settings. */
  record(flags: number): void {
    this.#recording = flags;
    this.#settings = withRecording(this.#settings, flags);
    this.#writeSettings(this.#settings);
  }

  /** Whether the names of two plans do not fit into the map together. */
  #isTight(wanted: Wanted | undefined): boolean {
    const [, , , max = 0] = mapShapes["names"] ?? [0, 0, 0, 0];
    const added = [...(wanted?.keys() ?? [])].filter((key) => !this.#keys("names").has(key));
    return this.#keys("names").size + added.length > max;
  }

  #keys(map: PlanMap): Map<string, Buffer> {
    const known = this.#held.get(map) ?? new Map<string, Buffer>();
    this.#held.set(map, known);
    return known;
  }

  #writeAll(map: PlanMap, wanted: Wanted): void {
    const entries = [...wanted.values()];
    this.#write(
      map,
      entries.map((one) => one.key),
      Buffer.concat(entries.map((one) => u32(one.value))),
    );
    for (const [text, { key }] of wanted) this.#keys(map).set(text, key);
  }

  #writeSettings(settings: Buffer): void {
    this.#write("settings", [u32(0)], settings);
  }

  #dropStale(map: PlanMap, wanted: Wanted | undefined): void {
    const held = this.#keys(map);
    const stale = [...held].filter(([text]) => wanted?.has(text) !== true);
    this.#drop(
      map,
      stale.map(([, key]) => key),
    );
    for (const [text] of stale) held.delete(text);
  }

  /** Takes over maps that an earlier process wrote: what it watched is known, so that `set` can end it. */
  adopt(): void {
    for (const map of planMaps)
      for (const key of keysOf(this.#addon.mapKeys(map), keySizes[map])) this.#keys(map).set(key.toString("hex"), key);
    this.#settings = this.#addon.mapLookup("settings", u32(0));
  }

  /** What is asked for by all that was adopted; before anything was set, what is asked for without a plan. */
  words(): ReadonlySet<string> {
    const isSocketName = (key: Buffer) => (this.#addon.mapLookup("names", key).readUInt32LE(0) & forSocket) !== 0;
    const socketNames = [...this.#keys("names").values()].some(isSocketName);
    return wordsOfSettings(this.#settings, { domains: this.#keys("domains").size > 0, socketNames });
  }

  /** From now on these processes alone are not reported; none that gets one of their ids when they are gone. */
  ignore(pids: readonly number[]): void {
    const wanted = new Set(pids);
    const known = keysOf(this.#addon.mapKeys("ignored"), 4);
    this.#drop(
      "ignored",
      known.filter((key) => !wanted.has(key.readUInt32LE(0))),
    );
    for (const pid of pids) {
      const ticks = startTicks(pid);
      if (ticks !== undefined) this.#write("ignored", [u32(pid)], u64(ticks));
    }
  }

  /** A map that no loaded program brought is not there to be written. */
  #write(map: string, keys: Buffer[], values: Buffer): void {
    if (keys.length > 0) this.#addon.mapUpdate(map, Buffer.concat(keys), values);
  }

  #drop(map: string, keys: Buffer[]): void {
    if (keys.length > 0) this.#addon.mapDelete(map, Buffer.concat(keys));
  }
}

function keysOf(bytes: Buffer, size: number): Buffer[] {
  const keys: Buffer[] = [];
  for (let at = 0; at + size <= bytes.length; at += size) keys.push(bytes.subarray(at, at + size));
  return keys;
}

function wantedOf(plan: FilterPlan, map: PlanMap): Wanted {
  const wanted: Wanted = new Map();
  const add = (key: Buffer, value: number): void => {
    const text = key.toString("hex");
    wanted.set(text, { key, value: (wanted.get(text)?.value ?? 0) | value });
  };
  if (map === "names") {
    for (const name of plan.open_names) add(nameKey(name), forOpen);
    for (const name of plan.exec_names) add(nameKey(name), forExec);
    for (const name of plan.socket_names) add(nameKey(name), forSocket);
    for (const end of plan.open_suffixes) add(endKey(end), forEnd);
    for (const name of plan.change_names) add(nameKey(name), forChange);
    for (const end of plan.change_suffixes) add(endKey(end), forChangeEnd);
  } else if (map === "prefixes") {
    const uses: [string, number][] = [
      ...plan.write_prefixes.map((prefix): [string, number] => [prefix, prefixForWrite]),
      ...plan.open_prefixes.map((prefix): [string, number] => [prefix, prefixForOpen | prefixForWrite]),
      ...plan.change_prefixes.map((prefix): [string, number] => [prefix, prefixForChange]),
    ];
    // The longest key alone is found: one that is asked for counts for what lies below it, too.
    for (const [prefix] of uses)
      for (const [above, use] of uses) if (prefix.startsWith(above)) add(prefixKey(prefix), use);
  } else if (map === "domains") for (const domain of plan.dns_domains) add(domainKey(domain), 0);
  else {
    for (const port of plan.connect_ports ?? []) add(u32(port), settingsFlag.portsOfConnect);
    for (const port of plan.send_ports ?? []) add(u32(port), settingsFlag.portsOfSend);
  }
  return wanted;
}
