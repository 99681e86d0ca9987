import type { FilterPlan } from "@atalaya/wire";
import { askedChangeNumbers, fileChangeNumbers } from "../file-changes.ts";
import { rareCallNumbers } from "../rare-calls.ts";
import { layout, recordKind, sizes } from "./layout.ts";

// The value of the map `settings`: cheap tests before the hashes, and what is asked for as a whole (bpf/map-values.h).

const { filter_settings: at } = layout;
const words = { open_lengths: 4, exec_lengths: 4, open_starts: 32, kinds: 1, unasked: 1, rare_calls: 1 } as const;

export const settingsFlag = {
  allOpens: 0x01,
  refusedOpens: 0x02,
  refusedExecs: 0x04,
  portsOfConnect: 0x08,
  portsOfSend: 0x10,
  questions: 0x20,
  recordsV2Groups: 0x40,
  recordsV1Groups: 0x80,
} as const;
const whole = settingsFlag.allOpens | settingsFlag.refusedOpens | settingsFlag.refusedExecs;
/** What lets more through where either of two settings has it. */
const widening = whole | settingsFlag.questions | settingsFlag.recordsV2Groups | settingsFlag.recordsV1Groups;
const recording = settingsFlag.recordsV2Groups | settingsFlag.recordsV1Groups;
const listed = settingsFlag.portsOfConnect | settingsFlag.portsOfSend;

/**
 * Records that are switched off while nobody asks for them. Not here: what the sensor needs to know whose the others
 * are (the life of processes, new cgroups).
 */
export const switchable: Readonly<Record<string, number>> = {
  "process.exec_failed": recordKind.exec_failed,
  "process.namespace": recordKind.namespace,
  "file.open": recordKind.open,
  "file.open_failed": recordKind.open_failed,
  "file.map": recordKind.map,
  "network.connect": recordKind.connect,
  "network.send": recordKind.send,
};

/** Records of which the host's are kept back where everybody asks for containers' alone; calls and changes are told apart by their own numbers. */
const ofContainers: Readonly<Record<string, number>> = {
  ...Object.fromEntries(Object.entries(switchable).filter(([kind]) => kind !== "process.namespace")),
  "network.dup": recordKind.dup,
  "network.bind": recordKind.bind,
  "network.listen": recordKind.listen,
  "network.accept": recordKind.accept,
  "network.socket": recordKind.socket,
  "network.receive": recordKind.receive,
  "network.unix_connect": recordKind.unix_connect,
};

/** What a plan makes of the settings. */
export function settingsOf(plan: FilterPlan): Buffer {
  const settings = Buffer.alloc(sizes.filter_settings);
  for (const name of plan.open_names) {
    setLength(settings, at.open_lengths, name);
    setStart(settings, name);
  }
  for (const name of plan.exec_names) setLength(settings, at.exec_lengths, name);
  settings.writeUInt32LE(plan.write_prefixes.length, at.write_prefixes);
  settings.writeUInt32LE(plan.open_prefixes.length, at.open_prefixes);
  settings.writeUInt32LE(lengthBits(plan.open_suffixes), at.end_lengths);
  settings.writeBigUInt64LE(bitsOf(recordKind, plan.calls), at.kinds);
  settings.writeBigUInt64LE(bitsOf(rareCallNumbers, plan.calls), at.rare_calls);
  settings.writeUInt32LE(Number(bitsOf(askedChangeNumbers, plan.calls)), at.changes);
  settings.writeUInt32LE(Number(bitsOf(fileChangeNumbers, plan.listed_changes)), at.listed_changes);
  settings.writeUInt32LE(plan.change_prefixes.length, at.change_prefixes);
  settings.writeUInt32LE(lengthBits(plan.change_suffixes), at.change_end_lengths);
  settings.writeBigUInt64LE(unaskedOf(plan), at.unasked);
  settings.writeUInt32LE(flagsOf(plan), at.flags);
  settings.writeBigUInt64LE(bitsOf(ofContainers, plan.containers_only), at.containers_only);
  const [calls, changes] = ["kernel.", "file."].map((start) => namesBelow(start, plan.containers_only));
  settings.writeBigUInt64LE(bitsOf(rareCallNumbers, calls ?? []), at.calls_containers_only);
  settings.writeUInt32LE(Number(bitsOf(fileChangeNumbers, changes ?? [])), at.changes_containers_only);
  return settings;
}

/** A bit for each kind of record or call that is asked for; what a newer hub knows beside them is not ours to send. */
function bitsOf(numbers: Readonly<Record<string, number>>, calls: readonly string[]): bigint {
  let bits = 0n;
  for (const [name, number] of Object.entries(numbers)) if (calls.includes(name)) bits |= 1n << BigInt(number);
  return bits;
}

const namesBelow = (start: string, kinds: readonly string[]): string[] =>
  kinds.filter((kind) => kind.startsWith(start)).map((kind) => kind.slice(start.length));

function lengthBits(ends: readonly string[]): number {
  let bits = 0;
  for (const end of ends) bits |= 1 << (Buffer.byteLength(end) - 1);
  return bits >>> 0;
}

function unaskedOf({ unasked }: FilterPlan): bigint {
  return bitsOf(switchable, unasked);
}

function flagsOf(plan: FilterPlan): number {
  let flags = 0;
  if (plan.open_prefixes.includes("/")) flags |= settingsFlag.allOpens;
  if (plan.refused_opens) flags |= settingsFlag.refusedOpens;
  if (plan.refused_execs) flags |= settingsFlag.refusedExecs;
  if (plan.connect_ports !== null) flags |= settingsFlag.portsOfConnect;
  if (plan.send_ports !== null) flags |= settingsFlag.portsOfSend;
  if (plan.dns_domains.length > 0) flags |= settingsFlag.questions;
  return flags;
}

/**
 * What lets through all that either of two settings does. A change goes through it: the kernel may read while the value
 * is being written, and then sees a part of each.
 */
export function eitherOf(one: Buffer, other: Buffer): Buffer {
  const out = Buffer.alloc(sizes.filter_settings);
  for (const member of ["open_lengths", "exec_lengths", "open_starts", "kinds", "unasked", "rare_calls"] as const) {
    for (let i = 0; i < words[member]; i++) {
      const from = at[member] + i * 8;
      const [a, b] = [one.readBigUInt64LE(from), other.readBigUInt64LE(from)];
      out.writeBigUInt64LE(member === "unasked" ? a & b : a | b, from);
    }
  }
  for (const member of ["write_prefixes", "open_prefixes", "change_prefixes"] as const)
    out.writeUInt32LE(Math.max(one.readUInt32LE(at[member]), other.readUInt32LE(at[member])), at[member]);
  for (const member of ["end_lengths", "change_end_lengths", "changes", "listed_changes"] as const)
    out.writeUInt32LE((one.readUInt32LE(at[member]) | other.readUInt32LE(at[member])) >>> 0, at[member]);
  for (const member of ["containers_only", "calls_containers_only"] as const)
    out.writeBigUInt64LE(one.readBigUInt64LE(at[member]) & other.readBigUInt64LE(at[member]), at[member]);
  const changes = at.changes_containers_only;
  out.writeUInt32LE((one.readUInt32LE(changes) & other.readUInt32LE(changes)) >>> 0, changes);
  const [a, b] = [one.readUInt32LE(at.flags), other.readUInt32LE(at.flags)];
  out.writeUInt32LE(((a | b) & widening) | (a & b & listed), at.flags);
  return out;
}

/** The same, with those flags of recording (`records…Groups`) in place of its own. */
export function withRecording(settings: Buffer, flags: number): Buffer {
  const out = Buffer.from(settings);
  out.writeUInt32LE((out.readUInt32LE(at.flags) & ~recording) | flags, at.flags);
  return out;
}

export const isRecording = (settings: Buffer): boolean => (settings.readUInt32LE(at.flags) & recording) !== 0;

/** Whether opened files are watched by their names, ends of names or starts of paths. */
export function watchesNames(settings: Buffer): boolean {
  const lengths = settings.subarray(at.open_lengths, at.open_lengths + words.open_lengths * 8);
  const counts = [settings.readUInt32LE(at.open_prefixes), settings.readUInt32LE(at.end_lengths)];
  return lengths.some((byte) => byte !== 0) || counts.some((count) => count > 0);
}

/** The same without a look at names, for as long as the map of names cannot hold all of them. */
export function withEveryName(settings: Buffer): Buffer {
  const out = Buffer.from(settings);
  out.writeUInt32LE(out.readUInt32LE(at.flags) | whole, at.flags);
  out.writeUInt32LE((out.readUInt32LE(at.changes) | out.readUInt32LE(at.listed_changes)) >>> 0, at.changes);
  return out;
}

/** A bit for each length of a watched name: most names are let go without a look into the hash. */
function setLength(settings: Buffer, start: number, name: string): void {
  const length = Buffer.byteLength(name);
  if (length <= 255) setBit(settings, start, length);
}

/** 2^64 divided by the golden ratio (bpf/limits.h: NAME_START_FACTOR, NAME_STARTS_LOG). */
const nameStartFactor = 0x9e3779b97f4a7c15n;
const nameStartsLog = 11n;

/** Two bits for the length and the first eight bytes of each name whose opening is watched: bpf/quick.h reads the same. */
function setStart(settings: Buffer, name: string): void {
  const text = Buffer.alloc(8);
  const length = BigInt(Buffer.byteLength(name));
  Buffer.from(name).copy(text);
  const start = text.readBigUInt64LE();
  const hash = BigInt.asUintN(64, (start + length) * nameStartFactor);
  for (const end of [64n, 64n - nameStartsLog])
    setBit(settings, at.open_starts, Number(BigInt.asUintN(Number(end), hash) >> (end - nameStartsLog)));
}

function setBit(settings: Buffer, start: number, bit: number): void {
  const byte = start + (bit >> 3);
  settings.writeUInt8(settings.readUInt8(byte) | (1 << (bit & 7)), byte);
}
