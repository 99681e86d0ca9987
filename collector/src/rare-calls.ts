// Calls that few programs have a use for. To add one: its number in bpf/record.h, its program in bpf/call.bpf.c, a line here, and
// its name among the activities of the class kernel (wire/src/syscall-columns.ts).

/** Numbers of `enum rare_call`, by the name of the tracepoint at the call's exit. */
export const rareCallNumbers = {
  ptrace: 1,
  process_vm_readv: 2,
  process_vm_writev: 3,
  pidfd_getfd: 4,
  memfd_create: 5,
  setns: 6,
  unshare: 7,
  mount: 8,
  umount: 9,
  move_mount: 10,
  pivot_root: 11,
  chroot: 12,
  bpf: 13,
  userfaultfd: 14,
  perf_event_open: 15,
  setuid: 16,
  setgid: 17,
  setresuid: 18,
  setresgid: 19,
  kill: 20,
  tkill: 21,
  tgkill: 22,
  pidfd_send_signal: 23,
  capset: 24,
  keyctl: 25,
  add_key: 26,
  request_key: 27,
  init_module: 28,
  finit_module: 29,
  delete_module: 30,
  fsopen: 31,
  fsmount: 32,
  fsconfig: 33,
  open_tree: 34,
  mount_setattr: 35,
  proc_mem_open: 36,
} as const;

export type RareCall = keyof typeof rareCallNumbers;
export const rareCalls = Object.keys(rareCallNumbers) as readonly RareCall[];
/** Calls by which the same is done: their programs tell them as that one, and hang while it is asked for. */
export const otherCalls: readonly (readonly [call: string, toldAs: RareCall])[] = [
  ["setreuid", "setresuid"],
  ["setregid", "setresgid"],
  ["rt_sigqueueinfo", "kill"],
  ["rt_tgsigqueueinfo", "tgkill"],
];
/** Those that have a call, and a program, of their own; the rest is seen by the programs of opens (bpf/memory.h). */
export const hookedCalls: readonly RareCall[] = rareCalls.filter((call) => call !== "proc_mem_open");
