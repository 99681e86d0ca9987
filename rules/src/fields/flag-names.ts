// Flags as Falco renders them: names joined by `|`, which rules compare with `contains`.

import { cloneFlags, type FlagNames } from "@atalaya/wire";

// include/uapi/asm-generic/fcntl.h; O_TMPFILE and O_SYNC contain other bits, so they come before them.
const openFlags: FlagNames = [
  [0o20200000, "O_TMPFILE"],
  [0o4010000, "O_SYNC"],
  [0o100, "O_CREAT"],
  [0o200, "O_EXCL"],
  [0o400, "O_NOCTTY"],
  [0o1000, "O_TRUNC"],
  [0o2000, "O_APPEND"],
  [0o4000, "O_NONBLOCK"],
  [0o10000, "O_DSYNC"],
  [0o40000, "O_DIRECT"],
  [0o100000, "O_LARGEFILE"],
  [0o200000, "O_DIRECTORY"],
  [0o400000, "O_NOFOLLOW"],
  [0o1000000, "O_NOATIME"],
  [0o2000000, "O_CLOEXEC"],
  [0o10000000, "O_PATH"],
];

function named(flags: number, table: FlagNames, first: string[]): string {
  const out = first;
  let left = flags;
  for (const [bits, name] of table) {
    // Number arithmetic: bit 31 and above would turn negative under &.
    if ((left & bits) !== bits) continue;
    out.push(name);
    left &= ~bits;
  }
  return out.length === 0 ? "0" : out.join("|");
}

const accessNames = ["O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"] as const;

/** `O_WRONLY|O_CREAT|O_TRUNC` of the raw flags of an open. */
export const openFlagNames = (flags: number): string => named(flags, openFlags, [accessNames[flags & 3] ?? "O_RDONLY"]);

export const cloneFlagNames = (flags: number): string => named(flags % 2 ** 32, cloneFlags, []);

// include/uapi/linux/stat.h, by Falco's names
const modeBits: FlagNames = [
  [0o4000, "S_ISUID"],
  [0o2000, "S_ISGID"],
  [0o1000, "S_ISVTX"],
  [0o400, "S_IRUSR"],
  [0o200, "S_IWUSR"],
  [0o100, "S_IXUSR"],
  [0o40, "S_IRGRP"],
  [0o20, "S_IWGRP"],
  [0o10, "S_IXGRP"],
  [0o4, "S_IROTH"],
  [0o2, "S_IWOTH"],
  [0o1, "S_IXOTH"],
];

/** `S_ISUID|S_IRUSR` of a file's mode. */
export const modeNames = (mode: number): string => named(mode, modeBits, []);

// include/uapi/linux/fs.h
const attributes: FlagNames = [
  [0x10, "FS_IMMUTABLE_FL"],
  [0x20, "FS_APPEND_FL"],
  [0x40, "FS_NODUMP_FL"],
  [0x80, "FS_NOATIME_FL"],
];
const renameFlags: FlagNames = [
  [1, "RENAME_NOREPLACE"],
  [2, "RENAME_EXCHANGE"],
  [4, "RENAME_WHITEOUT"],
];

/** `FS_IMMUTABLE_FL` of what chattr sets; "0" where none of these is left. */
export const attributeNames = (flags: number): string => named(flags, attributes, []);

export const renameFlagNames = (flags: number): string => named(flags, renameFlags, []);

// include/uapi/linux/capability.h, in the order of the bits.
const capabilityNames =
  "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE".split(
    " ",
  );

/** `CAP_CHOWN CAP_KILL` of a capability set; it has more than 32 bits, so no bit operators. */
export function capabilitySet(bits: number): string {
  return capabilityNames
    .filter((_, index) => Math.floor(bits / 2 ** index) % 2 === 1)
    .map((name) => `CAP_${name}`)
    .join(" ");
}
