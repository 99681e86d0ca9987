// Which folders an overlay is made of, from a process' /proc/PID/mountinfo. Who made the mount chose the words of its
// options, so they are looked at as text of a stranger.
//
//   line     = id parent major:minor root point options … "-" type source super-options
//   lowerdir = folder { ":" folder }, with "\:" for a colon in a name; since 6.5 also one option "lowerdir+" a folder
//
// containerd mounts many layers from their common folder, so they may be relative: to the folder that holds the upper's.

const ownFileSystems = new Set(
  (
    "overlay ext2 ext3 ext4 xfs btrfs zfs tmpfs ramfs rootfs squashfs erofs f2fs bcachefs iso9660 vfat " +
    "proc sysfs cgroup cgroup2 devpts devtmpfs mqueue hugetlbfs securityfs debugfs tracefs bpf pstore configfs nsfs binfmt_misc"
  ).split(" "),
);

export type OverlayMount = {
  /** Absolute, in the mount namespace of who mounted it. */
  lowerFolders: readonly string[];
  /** Likewise; null where nothing can be written. */
  upperFolder: string | null;
};

/** Where it is, what of its file system lies there ("/": all of it), the kind of that, and its device as stat(2) gives it. */
export type MountedAt = { point: string; root: string; type: string; device: number };

/** The overlay with this device number (as stat(2) gives it) among the mounts, or undefined. */
export function overlayMountOf(mountInfo: string, device: number): OverlayMount | undefined {
  const number = `${(device >>> 8) & 0xfff}:${(device & 0xff) | ((device >>> 12) & 0xfff00)}`;
  for (const line of mountInfo.split("\n")) {
    const [before, behind] = splitOnce(line, " - ");
    if (behind === undefined || before.split(" ", 3)[2] !== number) continue;
    const [type, , options = ""] = behind.split(" ");
    if (type === "overlay") return foldersOf(options);
  }
  return undefined;
}

/** Whether every mount is of a kind that answers by itself: a path through FUSE or NFS could let a reader wait for ever. */
export function answersByItself(mountInfo: string): boolean {
  for (const line of mountInfo.split("\n")) {
    const [, behind] = splitOnce(line, " - ");
    if (behind !== undefined && !ownFileSystems.has(behind.split(" ", 1)[0] ?? "")) return false;
  }
  return true;
}

/** All mounts, as seen by whose they are. */
export function mountsOf(mountInfo: string): MountedAt[] {
  const mounts: MountedAt[] = [];
  for (const line of mountInfo.split("\n")) {
    const [before, behind] = splitOnce(line, " - ");
    const [, , numbers = "", root = "/", point] = before.split(" ", 5);
    if (behind === undefined || point === undefined) continue;
    const type = behind.split(" ", 1)[0] ?? "";
    mounts.push({ point: unescapeOctal(point), root: unescapeOctal(root), type, device: deviceOf(numbers) });
  }
  return mounts;
}

/** The mount that a path without links and steps back lies on; of two at one place the later. */
export function mountAt(mounts: readonly MountedAt[], path: string): MountedAt | undefined {
  let found: MountedAt | undefined;
  for (const one of mounts) {
    const { point } = one;
    const holds =
      point === "/" || (path.startsWith(point) && (path.length === point.length || path[point.length] === "/"));
    if (holds && point.length >= (found?.point.length ?? 0)) found = one;
  }
  return found;
}

/** What a path on this mount is called within its file system. */
export function withinFileSystem({ point, root }: MountedAt, path: string): string {
  const behind = point === "/" ? path : path.slice(point.length);
  return `${root === "/" ? "" : root}${behind}` || "/";
}

export const isProc = (mount: MountedAt | undefined): boolean => mount?.type === "proc";

function deviceOf(numbers: string): number {
  const [major = 0, minor = 0] = numbers.split(":").map(Number);
  return ((major << 8) | (minor & 0xff) | ((minor & ~0xff) << 12)) >>> 0;
}

function foldersOf(options: string): OverlayMount {
  const folders: string[] = [];
  let upper = "";
  for (const option of unescapeOctal(options).split(/(?<!\\),/)) {
    const [name, value = ""] = splitOnce(option, "=");
    if (name === "upperdir") upper = value;
    if (name === "lowerdir") folders.push(...value.split(/(?<!\\):/).filter((folder) => folder !== ""));
    if (name === "lowerdir+") folders.push(value);
  }
  const base = upper.split("/").slice(0, -2).join("/");
  const lowerFolders = folders
    .map((folder) => unescapeBackslash(folder.startsWith("/") ? folder : `${base}/${folder}`))
    .filter(isAbsolute);
  return { lowerFolders, upperFolder: isAbsolute(upper) ? unescapeBackslash(upper) : null };
}

function isAbsolute(folder: string): boolean {
  return folder.startsWith("/");
}

function unescapeBackslash(folder: string): string {
  return folder.replace(/\\([:,\\])/g, "$1");
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_all, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

function splitOnce(text: string, at: string): [string, string | undefined] {
  const found = text.indexOf(at);
  return found < 0 ? [text, undefined] : [text.slice(0, found), text.slice(found + at.length)];
}
