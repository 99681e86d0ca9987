import type { AtalayaEvent, FileEvent } from "@atalaya/wire";

// Our sensor names what happened (an open), Falco names the system call (openat2). Where the call is not known, the
// event goes by every name that it may have had, so that `evt.type in (open, openat, openat2)` and each alone match.

const opened = ["openat", "open", "openat2"] as const;
/** creat(2) is an open with exactly these flags; `evt.type = creat` must not match every open. */
const createdFlags = 0o1101;
const openedAsCreat = ["openat", "open", "openat2", "creat"] as const;

const namesByKind: Readonly<Record<string, readonly string[]>> = {
  "process.exec": ["execve", "execveat"],
  "process.exec_failed": ["execve", "execveat"],
  "process.fork": ["clone", "clone3", "fork", "vfork"],
  "process.exit": ["procexit"],
  "process.namespace": ["unshare"],
  // A write to a file of the control groups; a name of ours.
  "process.cgroup_move": ["cgroup_move"],
  "file.open": openedAsCreat,
  "file.open_failed": openedAsCreat,
  "file.map": ["mmap", "mprotect"],
  "file.rename": ["rename", "renameat", "renameat2"],
  "file.link": ["link", "linkat"],
  "file.symlink": ["symlink", "symlinkat"],
  "file.unlink": ["unlink", "unlinkat"],
  "file.mkdir": ["mkdir", "mkdirat"],
  "file.rmdir": ["rmdir", "unlinkat"],
  "file.chmod": ["chmod", "fchmod", "fchmodat", "fchmodat2"],
  // An ioctl; a name of ours.
  "file.chattr": ["chattr"],
  "network.connect": ["connect"],
  "network.send": ["sendto", "sendmsg"],
  "network.dup": ["dup", "dup2", "dup3"],
  "network.bind": ["bind"],
  "network.listen": ["listen"],
  "network.accept": ["accept", "accept4"],
  "network.socket": ["socket"],
  "network.connect_failed": ["connect"],
  "network.receive": ["recvfrom", "recvmsg", "recvmmsg"],
  // A connection to a socket that is a file: few rules mean those beside the ones to addresses, and they are many.
  "network.unix_connect": ["connect"],
  // No calls of their own: names of ours.
  "dns.query": ["dns_query"],
  "dns.answer": ["dns_answer"],
  "kernel.setns": ["setns"],
  "kernel.mount": ["mount"],
  "kernel.bpf": ["bpf"],
  "kernel.ptrace": ["ptrace"],
  "kernel.process_vm_readv": ["process_vm_readv"],
  "kernel.process_vm_writev": ["process_vm_writev"],
  "kernel.pidfd_getfd": ["pidfd_getfd"],
  "kernel.memfd_create": ["memfd_create"],
  "kernel.unshare": ["unshare"],
  "kernel.umount": ["umount", "umount2"],
  "kernel.move_mount": ["move_mount"],
  "kernel.pivot_root": ["pivot_root"],
  "kernel.chroot": ["chroot"],
  "kernel.userfaultfd": ["userfaultfd"],
  "kernel.perf_event_open": ["perf_event_open"],
  "kernel.setuid": ["setuid"],
  "kernel.setgid": ["setgid"],
  "kernel.setresuid": ["setresuid", "setreuid"],
  "kernel.setresgid": ["setresgid", "setregid"],
  "kernel.kill": ["kill", "rt_sigqueueinfo"],
  "kernel.tkill": ["tkill"],
  "kernel.tgkill": ["tgkill", "rt_tgsigqueueinfo"],
  "kernel.pidfd_send_signal": ["pidfd_send_signal"],
  "kernel.capset": ["capset"],
  "kernel.keyctl": ["keyctl"],
  "kernel.add_key": ["add_key"],
  "kernel.request_key": ["request_key"],
  "kernel.init_module": ["init_module"],
  "kernel.finit_module": ["finit_module"],
  "kernel.delete_module": ["delete_module"],
  "kernel.fsopen": ["fsopen"],
  "kernel.fsmount": ["fsmount"],
  "kernel.fsconfig": ["fsconfig"],
  "kernel.open_tree": ["open_tree"],
  "kernel.mount_setattr": ["mount_setattr"],
  // Names of ours: another process' memory opened for writing; what was done to the sensor.
  "kernel.proc_mem_open": ["proc_mem_open"],
  "kernel.sensor_signal": ["sensor_signal"],
  "kernel.sensor_bpf": ["sensor_bpf"],
};

/** `class.activity` of every event that a syscall rule can see. */
export const syscallKinds: readonly string[] = Object.keys(namesByKind);

/** Every name that `evt.type` may have for a kind of event. */
export const eventTypesOf = (kind: string): readonly string[] => namesByKind[kind] ?? [];

const byClass = new Map<string, Map<string, { kind: string; names: readonly string[] }>>();
for (const [kind, names] of Object.entries(namesByKind)) {
  const [name = "", activity = ""] = kind.split(".");
  const activities = byClass.get(name) ?? new Map<string, { kind: string; names: readonly string[] }>();
  byClass.set(name, activities.set(activity, { kind, names }));
}

/** `process.exec`; undefined for events that no syscall rule sees. Allocates nothing. */
export function kindOf(event: AtalayaEvent): string | undefined {
  if (event.class === "network" && event.path !== null && event.activity === "connect") return "network.unix_connect";
  return byClass.get(event.class)?.get(event.activity ?? "")?.kind;
}

/** The names of one event. */
export function eventTypes(event: AtalayaEvent): readonly string[] | undefined {
  const names = byClass.get(event.class)?.get(event.activity ?? "")?.names;
  if (event.class !== "file" || (event.activity !== "open" && event.activity !== "open_failed")) return names;
  return isCreat(event) ? openedAsCreat : opened;
}

const isCreat = (event: FileEvent): boolean =>
  event.open_flags !== null && (event.open_flags & createdFlags) === createdFlags && (event.open_flags & 2) === 0;
