import { existsSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { containerOfPath } from "./container-shape.ts";
import { forgetOldest } from "./forget-oldest.ts";
import { collectorLimits } from "./limits.ts";
import { readSmallFile } from "./small-file.ts";

/**
 * A cgroup's path below its hierarchy's root; when it was first met (null: it was there at the start), its maker's name
 * (null: not known, or a container's) and user.
 */
export type CgroupPath = { path: string; seenMs: number | null; madeBy: string | null; makerUid?: number };
export type HierarchyVersion = 1 | 2;

const missPauseMs = 250;
/** A runtime writes its state shortly after it made the cgroup; until then a new cgroup may still become a container's. */
export const youngMs = 5_000;

/**
 * Cgroup id -> path, for the unified hierarchy and the v1 memory controller (their ids overlap). Filled by the kernel's
 * cgroup_mkdir records, by a scan at the start, and by /proc/<pid>/cgroup where an id is met that neither has shown;
 * a path from /proc counts only when its directory has the very id that the kernel saw.
 */
export class CgroupPaths {
  readonly #paths = { 1: new Map<number, CgroupPath>(), 2: new Map<number, CgroupPath>() };
  /** Those below a container's own: a container that makes many pushes out its own kind, and nobody else's. */
  readonly #below = { 1: new Map<number, CgroupPath>(), 2: new Map<number, CgroupPath>() };
  readonly #roots: { 1: string | undefined; 2: string | undefined };
  readonly #misses = new Map<string, number>();
  #metMs = Number.NEGATIVE_INFINITY;
  #scannedMs = Number.NEGATIVE_INFINITY;
  /** Grows when more becomes known of a group that the scan had found: whoever has judged it by its path looks again. */
  retold = 0;

  constructor(mount = "/sys/fs/cgroup") {
    const unified = existsSync(join(mount, "cgroup.controllers")) ? mount : join(mount, "unified");
    this.#roots = {
      1: existsSync(join(mount, "memory", "tasks")) ? join(mount, "memory") : undefined,
      2: existsSync(join(unified, "cgroup.controllers")) ? unified : undefined,
    };
  }

  /** Looks at every directory of both hierarchies; gives how many it has learned. */
  scan(): number {
    this.#scannedMs = performance.now();
    let learned = 0;
    for (const version of [1, 2] as const) {
      const root = this.#roots[version];
      if (root !== undefined) learned += this.#scanBelow(version, root);
    }
    return learned;
  }

  add(version: HierarchyVersion | undefined, id: number, known: CgroupPath): void {
    const hierarchy = version ?? this.#versionOf(id, known.path);
    if (hierarchy === undefined) return;
    const paths = (isBelowContainer(known.path) ? this.#below : this.#paths)[hierarchy];
    // Its making lay in a ring while nobody read, and only that tells by whom. An id that the path shows tells enough.
    if (known.seenMs !== null && paths.get(id)?.seenMs === null && containerOfPath(known.path) === undefined)
      this.retold += 1;
    if (paths.size >= collectorLimits.cgroupPathsMax) forgetOldest(paths);
    paths.set(id, known);
    if (known.seenMs !== null) this.#metMs = known.seenMs;
  }

  /** Whether a cgroup was met so lately that what is in it may just be starting. */
  isYoung(nowMs: number): boolean {
    return nowMs - this.#metMs < youngMs;
  }

  /** Whether it may still become a container's: it was met lately, or found by a scan lately, which does not tell its age. */
  isNew({ seenMs }: CgroupPath, nowMs: number): boolean {
    return nowMs - (seenMs ?? this.#scannedMs) < youngMs;
  }

  /** The path of a group that may be there for longer than the sensor. */
  learn(version: HierarchyVersion, id: number, path: string): void {
    if (path === "" || this.get(version, id) !== undefined) return;
    this.add(version, id, { path, seenMs: performance.now(), madeBy: null });
  }

  get(version: HierarchyVersion, id: number): CgroupPath | undefined {
    return this.#paths[version].get(id) ?? this.#below[version].get(id);
  }

  /** As get; an unknown id is looked up through the process that has it, not more often than every 250 ms. */
  find(version: HierarchyVersion, id: number, pid: number): CgroupPath | undefined {
    const known = this.get(version, id);
    if (known !== undefined) return known;
    const key = `${version}:${id}`;
    const now = performance.now();
    if (now < (this.#misses.get(key) ?? 0)) return undefined;
    const path = this.#pathOfProcess(version, pid);
    if (path !== undefined && this.idOf(version, path) === id) {
      this.#misses.delete(key);
      this.add(version, id, { path, seenMs: now, madeBy: null });
      return this.get(version, id);
    }
    if (this.#misses.size > 4_096) this.#misses.clear();
    this.#misses.set(key, now + missPauseMs);
    return undefined;
  }

  #versionOf(id: number, path: string): HierarchyVersion | undefined {
    if (this.idOf(1, path) === id) return 1;
    return this.idOf(2, path) === id ? 2 : undefined;
  }

  /** The id of the control group at that path now; undefined where there is none. */
  idOf(version: HierarchyVersion, path: string): number | undefined {
    const root = this.#roots[version];
    if (root === undefined || path.includes("/../")) return undefined;
    try {
      return lstatSync(join(root, path)).ino;
    } catch {
      return undefined;
    }
  }

  #pathOfProcess(version: HierarchyVersion, pid: number): string | undefined {
    const file = readSmallFile(`/proc/${pid}/cgroup`, 65_536);
    if ("problem" in file) return undefined;
    for (const line of file.text.split("\n")) {
      const parts = /^(\d+):([^:]*):(.*)$/.exec(line);
      if (parts === null) continue;
      const controllers = (parts[2] as string).split(",");
      const wanted = version === 2 ? parts[1] === "0" && parts[2] === "" : controllers.includes("memory");
      if (wanted) return parts[3];
    }
    return undefined;
  }

  #scanBelow(version: HierarchyVersion, root: string): number {
    const waiting = [""];
    // What containers made comes last.
    const below: string[] = [];
    let learned = 0;
    while (learned < collectorLimits.cgroupScanMax) {
      const path = waiting.pop() ?? below.pop();
      if (path === undefined) break;
      try {
        this.add(version, lstatSync(root + path).ino, { path: path === "" ? "/" : path, seenMs: null, madeBy: null });
        learned += 1;
        for (const entry of readdirSync(root + path, { withFileTypes: true })) {
          const inside = `${path}/${entry.name}`;
          if (entry.isDirectory()) (isBelowContainer(inside) ? below : waiting).push(inside);
        }
      } catch {
        // The directory went away while we looked: its processes did, too.
      }
    }
    return learned;
  }
}

function isBelowContainer(path: string): boolean {
  const container = containerOfPath(path);
  return container !== undefined && container.path !== path;
}
