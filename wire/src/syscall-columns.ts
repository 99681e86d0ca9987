import type { ColumnTable } from "./columns.ts";
import { actor, age, entry, origin, permitted } from "./process-columns.ts";

// What a process did to files, on the network and to the kernel; the process itself is in process-columns.ts.

export const fileColumns = {
  // map: a file that is none of an image became code, without an exec (ld.so, LD_PRELOAD, dlopen). Those after it change a
  // name or a mode; refused ones too.
  activity: ["open", "open_failed", "map", "rename", "link", "symlink", "unlink", "mkdir", "rmdir", "chmod", "chattr"],
  ...actor,
  /**
   * The path as the kernel resolved it, seen from the process' root; from user memory when path_trusted is false: then
   * symbolic links on the way are not followed. Of rename and link the old one, of symlink the link.
   */
  path: "str",
  /** The raw open flags (O_*). */
  open_flags: "u32",
  created: "bool",
  /** 0, or the negative errno of an open or a change that was refused. */
  error: "i32",
  path_trusted: "bool",
  inode: "u53",
  device: "u32",
  upper_layer: "bool",
  ...entry,
  /** Through io_uring. Then path_trusted false means that it is the path that was asked for, in the kernel's copy. */
  via_io_uring: "bool",
  /** Of rename and link the new path; of symlink what it points to, as it was written. */
  other_path: "str",
  /** The mode that chmod or mkdir asks for; of an open that made the file the mode that it has. */
  mode: "u32",
  /** The flags of renameat2 and linkat; of chattr those of the file (FS_..._FL). */
  change_flags: "u32",
  /** The name that it was opened by, where `path` is another of its names that a rule asks for (hard link, bind mount), or was one (moved since). */
  opened_as: "str",
  ...age,
  ...origin,
} as const satisfies ColumnTable;

export const networkColumns = {
  // connect is told as it is tried; connect_failed, of TCP, when it was refused or nobody answered. receive: of a socket that
  // is not connected (UDP), a process' first from one sender to one port in ten seconds.
  activity: ["connect", "send", "dup", "bind", "listen", "accept", "socket", "connect_failed", "receive"],
  ...actor,
  protocol: ["tcp", "udp", "other"],
  /** The client's; of a dup this machine's, of receive the sender's. */
  src_ip: "str",
  src_port: "u16",
  /** The server's: of bind, listen and accept this machine's, and of receive, whoever is the server. */
  dst_ip: "str",
  dst_port: "u16",
  ...entry,
  /** The descriptor that the call gave: of a dup the standard stream (0, 1, 2) that is a socket now. */
  fd: "u32",
  /** Family (AF_...), type (SOCK_...) and protocol of the socket. */
  socket: "u53s",
  /** Of a connection to a socket that is a file: as the kernel resolved it where it was bound. An abstract name begins with @. */
  path: "str",
  ...age,
  /** Of connect_failed: the negative errno. */
  error: "i32",
  /**
   * Where a rule speaks of it: the names by which its pod (or its container, or the host) has lately looked these addresses up,
   * as far as the answers were asked for. Newest last.
   */
  src_names: "strs",
  dst_names: "strs",
  ...origin,
} as const satisfies ColumnTable;

export const dnsColumns = {
  activity: ["query", "answer"],
  ...actor,
  /** The name that is asked for: small letters, no dot at the end; what is not printable as \\DDD (RFC 4343). */
  query: "str",
  /** 1 is A, 28 is AAAA, 16 is TXT (RFC 1035 and its successors). */
  query_type: "u16",
  answers: "strs",
  /** Of the name server. */
  dst_ip: "str",
  dst_port: "u16",
  protocol: ["udp", "tcp"],
  ...entry,
  ...age,
  ...origin,
} as const satisfies ColumnTable;

export const kernelColumns = {
  activity: [
    "setns",
    "mount",
    "module_load",
    "bpf",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "pidfd_getfd",
    "memfd_create",
    "unshare",
    "umount",
    "move_mount",
    "pivot_root",
    "chroot",
    "userfaultfd",
    "perf_event_open",
    "setuid",
    "setgid",
    "setresuid",
    "setresgid",
    "kill",
    "tkill",
    "tgkill",
    "pidfd_send_signal",
    "capset",
    "keyctl",
    "add_key",
    "request_key",
    "init_module",
    "finit_module",
    "delete_module",
    "fsopen",
    "fsmount",
    "fsconfig",
    "open_tree",
    "mount_setattr",
    "sensor_signal",
    "sensor_bpf",
    // The memory of another process was opened for writing, as /proc/PID/mem.
    "proc_mem_open",
  ],
  ...actor,
  /**
   * What the call was about: the request of ptrace and the command of bpf by their names, the flags of setns and unshare,
   * the name of a memfd, the path of mount, umount, move_mount, pivot_root, chroot, open_tree, mount_setattr and proc_mem_open, the
   * (effective) id of the set*id calls, the signal's name, the command of keyctl, a key's description, the file of
   * finit_module, what pidfd_getfd took (a file, or ipv4, unix, ...), the parameters of init_module, the name that delete_module was given, the file system's kind of fsopen
   * and the key of fsconfig. Names and paths are read of user memory after the call, those of
   * finit_module and proc_mem_open are the kernel's. setreuid is told as setresuid, setregid as setresgid, rt_sigqueueinfo as kill and
   * rt_tgsigqueueinfo as tgkill: they do the same.
   */
  target: "str",
  /**
   * Whom ptrace, process_vm_*, proc_mem_open and kill, tkill, tgkill were about, by the caller's own pid namespace; no group of processes.
   * Of pidfd_send_signal and pidfd_getfd it is the node's number.
   */
  target_pid: "u32",
  /** The command line of that process, where the number is the node's: secrets redacted, as of ancestors. */
  target_cmdline: "str",
  /**
   * Of sensor_signal `collector` or `publisher`; of sensor_bpf `map`, `program` or `link` and its name; of fsconfig what it sets
   * the key `source` to (a device, a server's path; the value of no other key is told); of mount_setattr what it changes:
   * `set=MOUNT_ATTR_NOEXEC clear=MOUNT_ATTR_RDONLY propagation=MS_PRIVATE`.
   */
  target_object: "str",
  /** Of a sensor_bpf: 0, or the negative errno with which bpf(2) was refused. */
  error: "i32",
  ...age,
  ...permitted,
  ...origin,
} as const satisfies ColumnTable;
