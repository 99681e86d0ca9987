import type { FilterPlan } from "@atalaya/wire";
import type { Addon } from "./addon.ts";
import { layout, recordKind, sizes } from "./layout.ts";
import { startTicks } from "./proc-snapshot.ts";

const forOpen = 1;
const forExec = 2;
/** bpf/limits.h: NAME_START_FACTOR, NAME_STARTS_LOG. */
const nameStartFactor = 0x9e3779b97f4a7c15n;
const nameStartsLog = 11n;
const forSocket = 4;

/** Keeps the maps `names`, `prefixes`, `domains` and `settings` equal to a filter plan. */
export class FilterMaps {
  readonly #addon: Addon;
  #names = new Map<string, { key: Buffer; uses: number }>();
  #prefixes = new Map<string, Buffer>();
  #domains: Buffer[] = [];

  constructor(addon: Addon) {
    this.#addon = addon;
  }

  /** What is wanted anew is let through before what is no longer wanted goes: no moment without either. */
  set(plan: FilterPlan): void {
    const names = namesOf(plan);
    const prefixes = new Map(plan.write_prefixes.map((prefix) => [prefix, prefixKey(prefix)]));
    const nameKeys = [...names.values()].map((one) => one.key);
    this.#write("names", nameKeys, Buffer.concat([...names.values()].map((one) => u32(one.uses))));
    this.#write("prefixes", [...prefixes.values()], Buffer.alloc(4 * prefixes.size));
    const domains = domainKeys(plan.dns_domains);
    this.#write("domains", domains, Buffer.alloc(4 * domains.length));
    const settings = Buffer.alloc(sizes.filter_settings);
    fillLengths(settings, names.values());
    fillStarts(settings, names.values());
    settings.writeUInt32LE(prefixes.size, layout.filter_settings.write_prefixes);
    settings.writeBigUInt64LE(kindBits(plan.calls), layout.filter_settings.kinds);
    this.#write("settings", [u32(0)], settings);
    this.#drop(
      "names",
      stale(
        [...this.#names.values()].map((one) => one.key),
        nameKeys,
      ),
    );
    this.#drop("prefixes", stale([...this.#prefixes.values()], [...prefixes.values()]));
    this.#drop("domains", stale(this.#domains, domains));
    this.#names = names;
    this.#prefixes = prefixes;
    this.#domains = domains;
  }

  /** Takes over maps that an earlier process wrote: what it watched is known, so that `set` can end it. */
  adopt(): void {
    for (const key of keysOf(this.#addon.mapKeys("names"), sizes.name_key))
      this.#names.set(key.toString("hex"), { key, uses: 0 });
    for (const key of keysOf(this.#addon.mapKeys("prefixes"), sizes.prefix_key))
      this.#prefixes.set(key.toString("hex"), key);
    this.#domains = keysOf(this.#addon.mapKeys("domains"), sizes.domain_key);
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

/** The keys that are no longer wanted. Compared as bytes: those of an earlier process have no text. */
function stale(known: readonly Buffer[], wanted: readonly Buffer[]): Buffer[] {
  const kept = new Set(wanted.map((key) => key.toString("hex")));
  return known.filter((key) => !kept.has(key.toString("hex")));
}

function keysOf(bytes: Buffer, size: number): Buffer[] {
  const keys: Buffer[] = [];
  for (let at = 0; at + size <= bytes.length; at += size) keys.push(bytes.subarray(at, at + size));
  return keys;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function namesOf(plan: FilterPlan): Map<string, { key: Buffer; uses: number }> {
  const names = new Map<string, { key: Buffer; uses: number }>();
  const add = (name: string, use: number): void => {
    const known = names.get(name);
    if (known === undefined) names.set(name, { key: nameKey(name), uses: use });
    else known.uses |= use;
  };
  for (const name of plan.open_names) add(name, forOpen);
  for (const name of plan.exec_names) add(name, forExec);
  for (const name of plan.socket_names) add(name, forSocket);
  return names;
}

/** A bit for each kind of record that is asked for; kinds that a newer hub knows are not ours to send. */
function kindBits(calls: readonly string[]): bigint {
  let bits = 0n;
  for (const [name, kind] of Object.entries(recordKind)) if (calls.includes(name)) bits |= 1n << BigInt(kind);
  return bits;
}

/** The length, and the first 60 bytes. */
function nameKey(name: string): Buffer {
  const text = Buffer.from(name);
  const key = Buffer.alloc(sizes.name_key);
  key.writeUInt32LE(text.length, layout.name_key.length);
  text.copy(key, layout.name_key.bytes, 0, sizes.name_key - layout.name_key.bytes);
  return key;
}

function prefixKey(prefix: string): Buffer {
  const text = Buffer.from(prefix).subarray(0, sizes.prefix_key - layout.prefix_key.bytes);
  const key = Buffer.alloc(sizes.prefix_key);
  key.writeUInt32LE(text.length * 8, layout.prefix_key.bits);
  text.copy(key, layout.prefix_key.bytes);
  return key;
}

/** Backwards, a dot behind each label: bpf/record.h. Two that end alike may be one key. */
function domainKeys(domains: readonly string[]): Buffer[] {
  const keys = new Map<string, Buffer>();
  for (const domain of domains) {
    const text = domain === "." ? Buffer.alloc(0) : Buffer.from(`.${domain.toLowerCase()}`).reverse();
    const compared = text.subarray(0, sizes.domain_key - layout.domain_key.bytes);
    const key = Buffer.alloc(sizes.domain_key);
    key.writeUInt32LE(compared.length * 8, layout.domain_key.bits);
    compared.copy(key, layout.domain_key.bytes);
    keys.set(key.toString("latin1"), key);
  }
  return [...keys.values()];
}

/** A bit for each length of a watched name: most names are let go without a look into the hash. */
function fillLengths(settings: Buffer, names: Iterable<{ key: Buffer; uses: number }>): void {
  for (const { key, uses } of names) {
    const length = key.readUInt32LE(layout.name_key.length);
    if (length > 255) continue;
    const mark = (start: number): void => {
      const at = start + (length >> 3);
      settings.writeUInt8(settings.readUInt8(at) | (1 << (length & 7)), at);
    };
    if (uses & forOpen) mark(layout.filter_settings.open_lengths);
    if (uses & forExec) mark(layout.filter_settings.exec_lengths);
  }
}

/** A bit for the length and the first eight bytes of each name whose opening is watched: bpf/quick.h reads the same. */
function fillStarts(settings: Buffer, names: Iterable<{ key: Buffer; uses: number }>): void {
  for (const { key, uses } of names) {
    if ((uses & forOpen) === 0) continue;
    const start = key.readBigUInt64LE(layout.name_key.bytes);
    const length = BigInt(key.readUInt32LE(layout.name_key.length));
    const bit = Number(BigInt.asUintN(64, (start + length) * nameStartFactor) >> (64n - nameStartsLog));
    const at = layout.filter_settings.open_starts + (bit >> 3);
    settings.writeUInt8(settings.readUInt8(at) | (1 << (bit & 7)), at);
  }
}
