import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmdirSync, statfsSync, unlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { Fault } from "@atalaya/wire";
import type { Addon } from "./addon.ts";
import { kernelLimits } from "./kernel-limits.ts";

// What outlives a collector lies in a folder of its own in a bpffs, one below it for each build of the kernel side:
//
//   PIN/HASH_RECORDS/maps/NAME     the maps that all programs share, and `account`
//   PIN/HASH_RECORDS/links/NAME    a program's link: as long as it is there, the program runs
//   PIN/HASH_RECORDS/whole         the map `account` again, pinned last: without it the set was never finished
//
// HASH is that of the build, RECORDS that of the records' layout (names in a bpffs have no dots).

/** BPF_FS_MAGIC of linux/magic.h. */
const bpfMagic = 0xcafe4a11;

export const pinnedMaps = [
  "lifecycle",
  "bulk",
  "counts",
  "ignored",
  "names",
  "prefixes",
  "settings",
  "reader",
  "account",
] as const;

/** One set of pinned programs and maps. */
export class PinnedSet {
  readonly folder: string;
  readonly #addon: Addon;

  constructor(addon: Addon, pinFolder: string, name: string) {
    this.#addon = addon;
    this.folder = join(pinFolder, name);
  }

  /** False too where a process was killed before the set was finished. */
  get isWhole(): boolean {
    return list(this.folder).includes("whole");
  }

  /** Takes over the maps, each under its name behind `prefix`. Throws Fault when one is missing. */
  adoptMaps(prefix = ""): void {
    for (const name of pinnedMaps) refuse(this.#addon.adoptMap(prefix + name, this.#map(name)), `the map ${name}`);
  }

  /** True when the program's link is pinned: it runs, and is ours now. */
  adoptLink(program: string): boolean {
    return (
      list(join(this.folder, "links")).includes(program) && this.#addon.adoptLink(program, this.#link(program)) === ""
    );
  }

  pinMaps(): void {
    for (const name of ["maps", "links"]) mkdirSync(join(this.folder, name), { recursive: true, mode: 0o700 });
    for (const name of pinnedMaps) refuse(this.#addon.pinMap(name, this.#map(name)), `the map ${name}`);
  }

  /** "" or why the link cannot be pinned: before 5.15 those of tracepoints can't. */
  pinLink(program: string): string {
    return this.#addon.pinLink(program, this.#link(program));
  }

  finish(): void {
    refuse(this.#addon.pinMap("account", join(this.folder, "whole")), "the end of the set");
  }

  /**
   * Removes the links alone and waits until their programs have ended, which the kernel does a moment later: then
   * nothing more comes into the rings. At most a second: some other process may hold a link.
   */
  detach(): void {
    const links = join(this.folder, "links");
    const programs = list(links).map((name) => this.#addon.programOfLink(join(links, name)));
    removeFiles(links);
    const until = performance.now() + kernelLimits.detachMs;
    while (programs.some((id) => this.#addon.programExists(id)) && performance.now() < until) pauseMs(1);
  }

  /** Removes all of it. What a process still holds goes on until it lets go. */
  remove(): void {
    // The mark first: what is half removed must not be taken for whole.
    for (const folder of [this.folder, join(this.folder, "links"), join(this.folder, "maps")]) removeFiles(folder);
    for (const folder of [join(this.folder, "links"), join(this.folder, "maps"), this.folder]) removeFolder(folder);
  }

  /** The folder of the pins itself, when nothing lies in it any more. */
  removePlace(): void {
    removeFolder(dirname(this.folder));
  }

  #map(name: string): string {
    return join(this.folder, "maps", name);
  }

  #link(program: string): string {
    return join(this.folder, "links", program);
  }
}

/** Makes the folder, in a bpffs that is mounted at its parent where there is none. Throws Fault when that is refused. */
export function preparePinFolder(pinFolder: string): void {
  try {
    const parent = dirname(pinFolder);
    mkdirSync(parent, { recursive: true, mode: 0o700 });
    if (statfsSync(parent).type !== bpfMagic) execFileSync("mount", ["-t", "bpf", "bpf", parent], { stdio: "pipe" });
    mkdirSync(pinFolder, { recursive: true, mode: 0o700 });
  } catch (error) {
    const message = `${pinFolder} cannot be made in a bpffs: mount one (mount -t bpf bpf /sys/fs/bpf), or use --no-pin`;
    throw new Fault("SENSOR_UNAVAILABLE", message, { pinFolder }, error);
  }
}

/** One collector at a time: two would read the same rings. The lock goes with the process, however that ends. */
export function lockPinFolder(addon: Addon, pinFolder: string): void {
  const outcome = addon.lockFolder(pinFolder);
  if (outcome === "") return;
  const isTaken = /^(EAGAIN|EWOULDBLOCK)/.test(outcome);
  const message = isTaken
    ? `Another collector is at work on ${pinFolder}: end it first, or give this one a folder of its own with --pin`
    : `${pinFolder} cannot be locked: ${outcome.split("\n")[0]}`;
  throw new Fault("SENSOR_UNAVAILABLE", message, { pinFolder });
}

/** The names of the sets that lie in the folder. */
export function pinnedSets(pinFolder: string): string[] {
  return list(pinFolder).filter((name) => /^[0-9a-f]{16}_[0-9a-f]{16}$/.test(name));
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function removeFiles(folder: string): void {
  for (const name of list(folder)) {
    try {
      unlinkSync(join(folder, name));
    } catch {
      // A folder; it is removed when it is empty.
    }
  }
}

function removeFolder(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Not there, or not ours alone.
  }
}

/** The sensor's thread has nothing else to do. */
function pauseMs(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function refuse(outcome: string, what: string): void {
  if (outcome === "") return;
  throw new Fault("SENSOR_UNAVAILABLE", `${what} cannot be pinned or taken over: ${outcome.split("\n")[0]}`);
}
