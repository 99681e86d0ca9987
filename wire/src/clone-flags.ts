/** Bits and their names, in the order in which they are told. */
export type FlagNames = readonly (readonly [bits: number, name: string])[];

/** The kinds of namespaces as unshare(2) and setns(2) take them (include/uapi/linux/sched.h). */
export const namespaceFlags: FlagNames = [
  [0x80, "CLONE_NEWTIME"],
  [0x20000, "CLONE_NEWNS"],
  [0x2000000, "CLONE_NEWCGROUP"],
  [0x4000000, "CLONE_NEWUTS"],
  [0x8000000, "CLONE_NEWIPC"],
  [0x10000000, "CLONE_NEWUSER"],
  [0x20000000, "CLONE_NEWPID"],
  [0x40000000, "CLONE_NEWNET"],
];

/** How a task was made, as clone(2) takes it. There the low byte is the signal of its end, so no time namespace is in it. */
export const cloneFlags: FlagNames = [
  [0x100, "CLONE_VM"],
  [0x200, "CLONE_FS"],
  [0x400, "CLONE_FILES"],
  [0x800, "CLONE_SIGHAND"],
  [0x4000, "CLONE_VFORK"],
  [0x10000, "CLONE_THREAD"],
  ...namespaceFlags.filter(([bits]) => bits > 0xff),
];
