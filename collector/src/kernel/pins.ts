import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { Fault } from "@atalaya/wire";
import type { Addon } from "./addon.ts";
import { isInBpffs, namesIn } from "./bpffs.ts";
import { type Struct, structsOf } from "./btf.ts";
import { kernelLimits } from "./kernel-limits.ts";
import { isOurs, type MapShape, mapShapes } from "./map-shapes.ts";

// What outlives a collector lies in a folder of its own in a bpffs, one below it for each build of the kernel side:
//
//   PIN/HASH_RECORDS/maps/NAME     the maps that all programs share, and `account`
//   PIN/HASH_RECORDS/links/NAME    a program's link: as long as it is there, the program runs
//   PIN/HASH_RECORDS/whole         the map `account` again, pinned when all maps are: without it there is nothing to adopt
//
// The maps come before the first program is attached: whatever a killed process had attached and pinned by then goes
// on, and the next one attaches the rest.
//
// HASH is that of the build, RECORDS that of the records' layout (names in a bpffs have no dots).

/** One set of pinned programs and maps. */
export class PinnedSet {
  readonly folder: string;
  /** Whether our maps are pinned here: then nobody else has a reason to remove them. */
  isInUse = false;
  readonly #addon: Addon;

  constructor(addon: Addon, pinFolder: string, name: string) {
    this.#addon = addon;
    this.folder = join(pinFolder, name);
  }

  /** False too where a process was killed before the set was finished. */
  get isWhole(): boolean {
    return namesIn(this.folder).includes("whole");
  }

  /** Takes over the maps, each under its name behind `prefix`; false when one is missing, or not what it should be. */
  adoptMaps(
    prefix = "",
    isSound: (map: string, shape: MapShape) => boolean = isOurs,
    names: readonly string[] = Object.keys(mapShapes),
  ): boolean {
    return names.every(
      (name) =>
        this.#addon.adoptMap(prefix + name, this.#map(name)) === "" &&
        isSound(name, this.#addon.mapShape(prefix + name)),
    );
  }

  /**
   * True when the program's link is pinned: it runs, and is ours now. What lies in its place and is not that, or hangs
   * on nothing any more, is removed.
   */
  adoptLink(program: string): boolean {
    if (!namesIn(join(this.folder, "links")).includes(program)) return false;
    if (this.#addon.adoptLink(program, this.#link(program)) === "") return true;
    removeAll(this.#link(program));
    return false;
  }

  /** "" when all maps are pinned; else why not, and then nothing is. */
  pinMaps(): string {
    try {
      for (const name of [".", "maps", "links"]) mkdirSync(join(this.folder, name), { mode: 0o700 });
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    const places = Object.keys(mapShapes).map((name) => [name, this.#map(name)] as const);
    for (const [name, place] of [...places, ["account", join(this.folder, "whole")] as const]) {
      const outcome = this.#addon.pinMap(name, place);
      if (outcome === "") continue;
      this.remove();
      return outcome;
    }
    this.isInUse = true;
    return "";
  }

  /** "" or why the link cannot be pinned: before 5.15 those of tracepoints can't. */
  pinLink(program: string): string {
    return this.#addon.pinLink(program, this.#link(program));
  }

  /** Puts back the pins that somebody else removed, of maps and of the links of these programs; gives whose. */
  putBack(programs: readonly string[]): string[] {
    const there = { maps: namesIn(join(this.folder, "maps")), links: namesIn(join(this.folder, "links")) };
    const maps = Object.keys(mapShapes).filter((name) => !there.maps.includes(name));
    const links = programs.filter((name) => !there.links.includes(name));
    const isUnmarked = !this.isWhole;
    if (maps.length + links.length === 0 && !isUnmarked) return [];
    for (const name of [".", "maps", "links"]) mkdirSync(join(this.folder, name), { mode: 0o700, recursive: true });
    for (const name of maps) this.#addon.pinMap(name, this.#map(name));
    for (const name of links) this.pinLink(name);
    if (isUnmarked) this.#addon.pinMap("account", join(this.folder, "whole"));
    return [...maps, ...links, ...(isUnmarked ? ["whole"] : [])];
  }

  /** Removes the pin alone; false where it is still there. */
  unpinLink(program: string): boolean {
    removeAll(this.#link(program));
    return !namesIn(join(this.folder, "links")).includes(program);
  }

  /** How often the kernel left a program of this set out (missed-runs.ts). */
  missed(program: string): number {
    return this.#addon.missedOfLink(this.#link(program));
  }

  /** The structs that the programs of this set were built with; of a set whose programs say nothing, none. */
  structs(): Map<string, Struct> {
    const all = new Map<string, Struct>();
    for (const name of namesIn(join(this.folder, "links"))) {
      try {
        for (const [struct, of] of structsOf(this.#addon.typesOfLink(this.#link(name)))) all.set(struct, of);
      } catch {
        // A program without types, or something that is no link.
      }
    }
    return all;
  }

  /**
   * Removes the links alone and waits until their programs have ended, which the kernel does a moment later: then
   * nothing more comes into the rings. At most a second: some other process may hold a link.
   */
  detach(): void {
    const links = join(this.folder, "links");
    const programs = namesIn(links).flatMap((name) => this.#programOf(join(links, name)));
    removeAll(links);
    const until = performance.now() + kernelLimits.detachMs;
    while (programs.some((id) => this.#addon.programExists(id)) && performance.now() < until) pauseMs(1);
  }

  /** Removes all of it. What a process still holds goes on until it lets go. */
  remove(): void {
    // The mark first: what is half removed must not be taken for whole.
    for (const name of ["whole", "links", "."]) removeAll(join(this.folder, name));
  }

  /** The folder of the pins itself, when nothing lies in it any more. */
  removePlace(): void {
    try {
      rmdirSync(dirname(this.folder));
    } catch {
      // A set of another build, or something that is not ours.
    }
  }

  /** None where something else lies there. */
  #programOf(link: string): number[] {
    try {
      return [this.#addon.programOfLink(link)];
    } catch {
      return [];
    }
  }

  #map(name: string): string {
    return join(this.folder, "maps", name);
  }

  #link(program: string): string {
    return join(this.folder, "links", program);
  }
}

/**
 * Makes the folder. Where its parent is in no bpffs, one is mounted there, if the parent is an empty folder: nothing is
 * ever hidden below a mount. Throws Fault when that is refused.
 */
export function preparePinFolder(pinFolder: string): void {
  try {
    const parent = dirname(pinFolder);
    mkdirSync(parent, { recursive: true, mode: 0o700 });
    if (!isInBpffs(parent)) {
      if (readdirSync(parent).length > 0) throw new Error(`${parent} is in no bpffs, and not empty`);
      execFileSync("mount", ["-t", "bpf", "-o", "nosuid,nodev,noexec,mode=0700", "bpf", parent], { stdio: "pipe" });
    }
    mkdirSync(pinFolder, { recursive: true, mode: 0o700 });
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n")[0] : String(error);
    const message = `${pinFolder} cannot be made in a bpffs (${why}): mount one (mount -t bpf bpf /sys/fs/bpf), or use --no-pin`;
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

/** A file, or a folder with all that is in it; what cannot be removed stays. */
function removeAll(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // Not ours alone.
  }
}

/** The sensor's thread has nothing else to do. */
function pauseMs(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
