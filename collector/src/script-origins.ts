import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, readSync, type Stats } from "node:fs";
import type { ProcessEvent } from "@atalaya/wire";
import type { Counters } from "./counters.ts";
import type { ExecRecord } from "./kernel-record.ts";
import { collectorLimits } from "./limits.ts";
import {
  answersByItself,
  isProc,
  type MountedAt,
  mountAt,
  mountsOf,
  type OverlayMount,
  overlayMountOf,
  withinFileSystem,
} from "./overlay-mounts.ts";
import { readSmallFile } from "./small-file.ts";
import { waitedForProcessorMs } from "./waited-for-processor.ts";

export type ScriptOrigin = NonNullable<ProcessEvent["script_origin"]>;

/**
 * Where a script comes from that was executed by its name. The kernel runs its interpreter and has let go of the script by then,
 * so the name is looked up in the container's root, links and all, some milliseconds later: in the overlay's upper layer, with
 * another content than the image holds by that name, it was brought. What cannot be looked up is unknown.
 */
export class ScriptOrigins {
  readonly #counters: Counters;
  readonly #hostRoot: string;
  readonly #waitedMs: () => number;
  #looksLeft: number = collectorLimits.scriptLooksMax;
  #msLeft: number = collectorLimits.scriptLookMs;
  #filledMs = performance.now();

  /** `hostRoot` is where the host's files are seen; ends in a slash. `waitedMs`: see waitedForProcessorMs. */
  constructor(counters: Counters, hostRoot: string, waitedMs: () => number = waitedForProcessorMs) {
    this.#counters = counters;
    this.#hostRoot = hostRoot;
    this.#waitedMs = waitedMs;
  }

  /** Null where no script was executed. `pids` are processes by which its root may be seen, best first. */
  of(record: ExecRecord, pids: () => readonly number[]): ScriptOrigin | null {
    const { filename, interpreter } = record;
    if (record.kind !== "exec" || filename === "" || interpreter === "" || interpreter === filename) return null;
    if (!record.exeOverlay) return "unknown";
    if (!this.#affords()) {
      this.#counters.add("process", "script_over_budget");
      return "unknown";
    }
    const startedMs = this.#ownMs();
    try {
      return this.#look(record, pids);
    } finally {
      this.#msLeft -= Math.max(0, this.#ownMs() - startedMs);
    }
  }

  /**
   * Time but for that in which this thread waited for a processor: on a busy node a look of 1 ms takes 80, and others would
   * not be looked for although looking holds up nothing.
   */
  #ownMs(): number {
    return performance.now() - this.#waitedMs();
  }

  #look({ filename, cwd, exeDevice, task }: ExecRecord, pids: () => readonly number[]): ScriptOrigin {
    const path = filename.startsWith("/") ? filename : `${cwd}/${filename}`;
    for (const pid of new Set(pids())) {
      const file = readSmallFile(`/proc/${pid}/mountinfo`, collectorLimits.mountInfoBytesMax);
      if (!("text" in file) || !answersByItself(file.text)) continue;
      const mounts = mountsOf(file.text);
      const isSeen = mountAt(mounts, "/")?.device === exeDevice;
      // Who is somewhere else itself is not to be found through others.
      if (!isSeen && pid === task.pid) return "unknown";
      if (!isSeen) continue;
      const root = heldRoot(pid, exeDevice);
      if (root === undefined) continue;
      try {
        const found = resolved(path, `/proc/self/fd/${root}`, mounts);
        if (found === undefined) return "unknown";
        const mount = mountAt(mounts, found.path);
        if (mount?.device !== exeDevice) return "volume";
        // By another place in the same overlay, where that is mounted over it.
        const here = { ...found, path: withinFileSystem(mount, found.path) };
        return this.#compare(here, overlayMountOf(file.text, exeDevice));
      } finally {
        closeSync(root);
      }
    }
    return "unknown";
  }

  /** A second refills it: looking must not hold up the draining of the rings, however many mounts a container makes. */
  #affords(): boolean {
    const now = performance.now();
    if (now - this.#filledMs >= 1_000) {
      this.#filledMs = now;
      this.#looksLeft = collectorLimits.scriptLooksMax;
      this.#msLeft = collectorLimits.scriptLookMs;
    }
    this.#looksLeft -= 1;
    return this.#looksLeft >= 0 && this.#msLeft > 0;
  }

  #compare(found: Found, mount: OverlayMount | undefined): ScriptOrigin {
    if (mount === undefined || mount.upperFolder === null) return "unknown";
    const below = this.#below(mount, found.path);
    // Gone already: what the image never held was brought, if that is where it was.
    if (found.facts === undefined) return below === undefined && found.hasFolder ? "upper" : "unknown";
    const above = this.#onHost(mount.upperFolder, found.path);
    if (!statOf(above)?.isFile()) return below === undefined ? "unknown" : "image";
    return below !== undefined && isSame(above, below) ? "image" : "upper";
  }

  /** What the image holds by that name, in its topmost layer that holds it. */
  #below({ lowerFolders }: OverlayMount, path: string): string | undefined {
    for (const folder of lowerFolders) {
      const place = this.#onHost(folder, path);
      const facts = statOf(place);
      if (facts !== undefined) return facts.isFile() ? place : undefined;
    }
    return undefined;
  }

  #onHost(folder: string, path: string): string {
    return `${this.#hostRoot}${folder.slice(1)}${path}`;
  }
}

/** open(2): names a place and opens nothing; Node has no name for it. */
const onlyThePlace = 0o10000000;

/**
 * The root of a process, held: a script of some milliseconds ends while it is looked up, and /proc/PID/root leads nowhere
 * then, as if nothing were there. Undefined where it has ended already, or where the number is another's by now.
 */
function heldRoot(pid: number, device: number): number | undefined {
  let root: number | undefined;
  try {
    root = openSync(`/proc/${pid}/root`, onlyThePlace | constants.O_DIRECTORY);
    if (fstatSync(root).dev === device) return root;
  } catch {
    // It has ended.
  }
  if (root !== undefined) closeSync(root);
  return undefined;
}

type Found = { path: string; facts: Stats | undefined; hasFolder: boolean };

/**
 * The path without links and steps back, each looked up within `root`; `facts` are missing where nothing is there, `hasFolder` says whether its folder is. Undefined where
 * it leads through what is different for each who looks (/proc), or through too many links.
 */
function resolved(path: string, root: string, mounts: readonly MountedAt[]): Found | undefined {
  const ahead = path.split("/").reverse();
  const done: string[] = [];
  let facts: Stats | undefined;
  for (let steps = 0; ahead.length > 0; steps++) {
    if (steps > collectorLimits.scriptStepsMax) return undefined;
    const part = ahead.pop() ?? "";
    if (part === "" || part === ".") continue;
    if (part === "..") {
      done.pop();
      continue;
    }
    const here = `/${[...done, part].join("/")}`;
    if (isProc(mountAt(mounts, here))) return undefined;
    facts = statOf(root + here);
    if (facts?.isSymbolicLink() !== true) {
      done.push(part);
      continue;
    }
    const target = linkOf(root + here);
    if (target === undefined) return undefined;
    if (target.startsWith("/")) done.length = 0;
    ahead.push(...target.split("/").reverse());
  }
  const folder = statOf(`${root}/${done.slice(0, -1).join("/")}`);
  return { path: `/${done.join("/")}`, facts, hasFolder: folder?.isDirectory() === true };
}

function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** Whether both hold the same; false where that cannot be read, or is more than a script is. */
function isSame(one: string, other: string): boolean {
  if (statOf(one)?.size !== statOf(other)?.size) return false;
  const [left, right] = [contentOf(one), contentOf(other)];
  return left !== undefined && right !== undefined && left.equals(right);
}

function contentOf(path: string): Buffer | undefined {
  let handle: number | undefined;
  try {
    handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY | constants.O_NOFOLLOW);
    const facts = fstatSync(handle);
    if (!facts.isFile() || facts.size > collectorLimits.scriptBytesMax) return undefined;
    const content = Buffer.alloc(facts.size);
    return readSync(handle, content, 0, facts.size, 0) === facts.size ? content : undefined;
  } catch {
    return undefined;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}
