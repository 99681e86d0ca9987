import { closeSync, constants, fstatSync, openSync, readSync, statSync } from "node:fs";
import type { Counters } from "./counters.ts";
import { forgetOldest } from "./forget-oldest.ts";
import type { ExecRecord, LowerFile } from "./kernel-record.ts";
import { collectorLimits } from "./limits.ts";
import { answersByItself, type OverlayMount, overlayMountOf } from "./overlay-mounts.ts";
import { readSmallFile } from "./small-file.ts";

type Facts = { dev: bigint; ino: bigint; size: bigint; ctimeNs: bigint };

/**
 * Tells a file of the image that was only renamed, linked, or given another mode or owner (the overlay then holds a copy
 * of it in its upper layer) from one that was brought. What decides is the content: byte for byte what the layer below
 * holds, in the very state in which it was executed (its ctime, which nobody can set, has not changed since). Sizes,
 * mtime and names are forged with one call. Where it cannot be read, or in time, the file counts as brought.
 */
export class ImageCopies {
  /** Verdicts by device, inode and ctime of the copy: a changed file is another key. */
  readonly #known = new Map<string, boolean>();
  /** By device of an overlay, some processes that ran from it: the first, which is often the container's own, and the last ones. */
  readonly #residents = new Map<number, number[]>();
  readonly #mounts = new Map<number, OverlayMount>();
  readonly #counters: Counters;
  readonly hostRoot: string;
  #bytesLeft: number = collectorLimits.copyBytesMax;
  #filledMs = performance.now();

  /** `hostRoot` is where the host's files are seen; ends in a slash. */
  constructor(counters: Counters, hostRoot: string) {
    this.#counters = counters;
    this.hostRoot = hostRoot;
  }

  /** A program was started: through its process the root of its container can be seen later, when others have ended. */
  started({ exeOverlay, exeDevice, task: { pid } }: ExecRecord): void {
    if (!exeOverlay) return;
    const known = this.#residents.get(exeDevice);
    if (known === undefined) {
      if (this.#residents.size >= collectorLimits.copyMountsMax) this.#residents.clear();
      this.#residents.set(exeDevice, [pid]);
    } else if (!known.includes(pid)) {
      if (known.length >= collectorLimits.copyResidentsMax) known.splice(1, 1);
      known.push(pid);
    }
  }

  /** Processes that ran from the overlay of that device. */
  residents(device: number): readonly number[] {
    return this.#residents.get(device) ?? [];
  }

  /** Whether the executable is still what its image holds. `pids` are processes by which its root may be seen, best first. */
  holds(record: ExecRecord, pids: readonly number[]): boolean {
    const { lower } = record;
    if (!record.exeUpperLayer || record.exeMemfd || lower === null) return false;
    const key = `${record.exeDevice} ${record.exeInode} ${changeOf(lower)} ${lower.device} ${lower.inode}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const verdict = this.#compare(record, lower, pids);
    if (typeof verdict === "string") {
      this.#counters.add("process", `image_copy_${verdict}`);
      return false;
    }
    if (this.#known.size >= collectorLimits.copiesMax) forgetOldest(this.#known);
    this.#known.set(key, verdict);
    return verdict;
  }

  #compare(record: ExecRecord, lower: LowerFile, pids: readonly number[]): boolean | "unread" | "gone" | "over_budget" {
    const others = this.residents(record.exeDevice);
    const around = this.#lookAround(record.exeDevice, [...new Set([...pids, ...others])]);
    if (around === undefined) return "gone";
    const above = openFirst(placesOf(record, around.viewers), (facts) => isExecuted(facts, record, lower));
    if (above === undefined) return "gone";
    let below: Opened | undefined;
    try {
      const folders = around.mount.lowerFolders.map((folder) => `${this.hostRoot}${folder.slice(1)}${lower.path}`);
      below = openFirst(folders, (facts) => facts.ino === BigInt(lower.inode) && facts.dev === BigInt(lower.device));
      if (below === undefined) return "unread";
      if (below.facts.size !== above.facts.size) return false;
      if (!this.#afford(Number(above.facts.size) * 2)) return "over_budget";
      const same = isSame(above.handle, below.handle, Number(above.facts.size));
      // Not written while it was read.
      const after = fstatSync(above.handle, { bigint: true });
      return same && isExecuted(after, record, lower);
    } finally {
      closeSync(above.handle);
      if (below !== undefined) closeSync(below.handle);
    }
  }

  /** A second refills it: reading must not hold up the draining of the rings. */
  #afford(bytes: number): boolean {
    const now = performance.now();
    if (now - this.#filledMs >= 1_000) {
      this.#filledMs = now;
      this.#bytesLeft = collectorLimits.copyBytesMax;
    }
    if (bytes > this.#bytesLeft) return false;
    this.#bytesLeft -= bytes;
    return true;
  }

  /** Remembered, because those who could show it may be gone next time; device numbers are given anew, so it is tried last. */
  #lookAround(device: number, pids: readonly number[]): { mount: OverlayMount; viewers: number[] } | undefined {
    const viewers: number[] = [];
    let mount: OverlayMount | undefined;
    for (const pid of pids) {
      const file = readSmallFile(`/proc/${pid}/mountinfo`, collectorLimits.mountInfoBytesMax);
      if (!("text" in file)) continue;
      const seen = overlayMountOf(file.text, device);
      if (seen === undefined) continue;
      mount ??= seen;
      if (answersByItself(file.text)) viewers.push(pid);
    }
    mount ??= this.#mounts.get(device);
    if (mount === undefined) return undefined;
    if (this.#mounts.size >= collectorLimits.copyMountsMax) this.#mounts.clear();
    this.#mounts.set(device, mount);
    return { mount, viewers };
  }
}

type Opened = { handle: number; facts: Facts };

/** The file itself while it runs; then its path, through whoever is still there. */
function placesOf(record: ExecRecord, pids: readonly number[]): string[] {
  const path = record.exePath;
  const paths = path.startsWith("/") ? pids.map((pid) => `/proc/${pid}/root${path}`) : [];
  return [`/proc/${record.task.pid}/exe`, ...paths];
}

function changeOf(lower: LowerFile): bigint {
  return BigInt(lower.changedS) * 1_000_000_000n + BigInt(lower.changedNs);
}

function isExecuted(facts: Facts, record: ExecRecord, lower: LowerFile): boolean {
  return facts.ino === BigInt(record.exeInode) && facts.ctimeNs === changeOf(lower);
}

/** Opens the first regular file that is the one meant; never waits at a pipe. */
function openFirst(paths: readonly string[], isMeant: (facts: Facts) => boolean): Opened | undefined {
  for (const path of paths) {
    let handle: number | undefined;
    try {
      if (!statSync(path).isFile()) continue;
      handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
      const facts = fstatSync(handle, { bigint: true });
      if (facts.isFile() && isMeant(facts)) return { handle, facts };
    } catch {
      // Gone, or not for us to read: the next one.
    }
    if (handle !== undefined) closeSync(handle);
  }
  return undefined;
}

function isSame(one: number, other: number, size: number): boolean {
  const step = collectorLimits.copyReadBytes;
  const [left, right] = [Buffer.allocUnsafe(step), Buffer.allocUnsafe(step)];
  for (let at = 0; at < size; ) {
    const length = Math.min(step, size - at);
    if (readSync(one, left, 0, length, at) !== length || readSync(other, right, 0, length, at) !== length) return false;
    if (left.compare(right, 0, length, 0, length) !== 0) return false;
    at += length;
  }
  return true;
}
