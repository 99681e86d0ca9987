import { lstatSync, statSync } from "node:fs";
import { collectorLimits } from "./limits.ts";
import { readSmallFile } from "./small-file.ts";

export type Names = ReadonlyMap<number, string>;

/** File systems that answer by themselves: a read of FUSE, NFS or the like could wait for whoever serves it. */
const localFileSystems = new Set(
  "overlay ext2 ext3 ext4 xfs btrfs zfs tmpfs ramfs rootfs squashfs erofs f2fs bcachefs iso9660 vfat".split(" "),
);
const hostRefreshMs = 30_000;

/**
 * The names in a container's own /etc/passwd, read through one of its processes. "later" where the process is gone or has
 * not yet entered the container's root; an empty map where there is no such file or it is not fit to be read:
 * a link, a pipe, too large, or on a file system that could let us wait.
 */
export function containerNames(pid: number, host: HostNames): Names | "later" {
  const root = `/proc/${pid}/root`;
  const mounts = readSmallFile(`/proc/${pid}/mountinfo`, collectorLimits.mountInfoBytesMax);
  if ("problem" in mounts) return mounts.problem === "missing" ? "later" : new Map();
  const local = isLocal(mounts.text);
  if (local !== true) return local === undefined ? "later" : new Map();
  try {
    if (host.isHostRoot(root)) return "later";
    // An absolute link would lead out of the container, into our own root.
    if (!lstatSync(`${root}/etc`).isDirectory()) return new Map();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" && isAlive(pid) ? new Map() : "later";
  }
  const file = readSmallFile(`${root}/etc/passwd`, collectorLimits.passwdBytesMax);
  if ("text" in file) return parsePasswd(file.text);
  return file.problem === "missing" && !isAlive(pid) ? "later" : new Map();
}

function isAlive(pid: number): boolean {
  return "text" in readSmallFile(`/proc/${pid}/comm`, 64);
}

/**
 * Whether "/", "/etc" and "/etc/passwd" lie on local file systems; undefined where no root is listed. A process' own root
 * is the "/" that is mounted on nothing in the list: others may lie over it, out of its sight.
 */
function isLocal(mountInfo: string): boolean | undefined {
  const roots = new Map<string, { parent: string; local: boolean }>();
  for (const line of mountInfo.split("\n")) {
    // 36 35 98:0 /root /mount-point options … - type source options
    const [id, parent, , , point] = line.split(" ", 5);
    if (id === undefined || parent === undefined) continue;
    if (point !== "/" && point !== "/etc" && point !== "/etc/passwd") continue;
    const type = line.slice(line.indexOf(" - ") + 3).split(" ", 1)[0] ?? "";
    const local = localFileSystems.has(type);
    if (point === "/") roots.set(id, { parent, local });
    else if (!local) return false;
  }
  for (const { parent, local } of roots.values()) if (!roots.has(parent)) return local;
  return undefined;
}

/** The first name of each uid; lines that are not well formed are skipped. */
export function parsePasswd(text: string): Names {
  const names = new Map<number, string>();
  for (const line of text.split("\n")) {
    const fields = /^([^:\s\p{Cc}\p{Cf}]{1,64}):[^:]*:(\d{1,10}):/u.exec(line);
    if (fields === null) continue;
    const uid = Number(fields[2]);
    if (!names.has(uid)) names.set(uid, fields[1] as string);
    if (names.size >= collectorLimits.passwdNamesMax) break;
  }
  return names;
}

/** The names of the machine itself, as the first process sees them; read again when the file has changed. */
export class HostNames {
  #names: Names = new Map();
  #changedMs = -1;
  #checkMs = 0;
  readonly #folder: string;
  readonly #root: { dev: number; ino: number };

  /** `folder` is where the host's files are seen; the first process' root, else our own, when empty. */
  constructor(folder = "") {
    this.#folder = hostRoot(folder);
    this.#root = statSync(this.#folder);
  }

  get(uid: number): string | null {
    const now = performance.now();
    if (now >= this.#checkMs) {
      this.#checkMs = now + hostRefreshMs;
      this.#refresh();
    }
    return this.#names.get(uid) ?? null;
  }

  /** Whether a process still stands in the host's root: a container's process before it has entered its own. */
  isHostRoot(root: string): boolean {
    const facts = statSync(`${root}/`);
    return facts.dev === this.#root.dev && facts.ino === this.#root.ino;
  }

  #refresh(): void {
    try {
      const path = `${this.#folder}etc/passwd`;
      const changedMs = statSync(path).mtimeMs;
      if (changedMs === this.#changedMs) return;
      const file = readSmallFile(path, 8 * 1024 * 1024);
      if ("text" in file) this.#names = parsePasswd(file.text);
      this.#changedMs = changedMs;
    } catch {
      // Without the file the names stay as they were.
    }
  }
}

/** Where the host's files are seen, with a slash at its end: the folder, else the first process' root, else our own. */
export function hostRoot(folder: string): string {
  for (const path of [folder, "/proc/1/root"]) {
    if (path === "") continue;
    try {
      statSync(`${path}/`);
      return `${path}/`;
    } catch {
      // Not for us to see.
    }
  }
  return "/";
}
