import type { ColumnTable, RowOf } from "./columns.ts";

// Names are OCSF's where OCSF has the attribute, in snake_case; times are microseconds (`_us`), of the epoch for
// `time_us` and since boot for `start_us` and `exec_us`. Columns are only ever appended: an old decoder skips what it
// does not know by the event's length, a new one reads a missing bit as null.

const actor = {
  time_us: "u53",
  /** Byte position of the record in its kernel ring: the event's identity together with boot id, layout and ring. */
  position: "u53",
  pid: "u32",
  tid: "u32",
  /** Start of the process since boot: pid + start_us (with the boot id) names a process, never the pid alone. */
  start_us: "u53",
  /** Time of the last exec since boot: the process key + exec_us names one program run. */
  exec_us: "u53",
  ppid: "u32",
  parent_start_us: "u53",
  /** The pid that the process has inside its own pid namespace. */
  ns_pid: "u32",
  session_id: "u32",
  /** Device number of the controlling terminal; 0 is none. */
  tty: "u32",
  uid: "u32",
  gid: "u32",
  euid: "u32",
  /** 4294967295 is "not set". */
  login_uid: "u32",
  cap_effective: "u53",
  mnt_ns: "u32",
  pid_ns: "u32",
  net_ns: "u32",
  user_name: "str",
  /** The kernel's name of the task, at most 15 bytes. */
  name: "str",
  /** The executable as the kernel resolved it, seen from the process' own root. */
  exe_path: "str",
  cwd: "str",
  /** The whole argument vector, argv[0] first; redacted. */
  argv: "strs",
  /** The executable lies in the container's writable overlay layer and did not come with the image: not one that was only renamed, linked, or given another mode or owner. */
  exe_upper_layer: "bool",
  exe_memfd: "bool",
  exe_deleted: "bool",
  /** Known from a scan at start, not from an exec that was seen. */
  from_snapshot: "bool",
  /** The ancestors, parent first, all five lists of one length (at most limits.ancestorsMax). */
  ancestor_pids: "u53s",
  ancestor_starts_us: "u53s",
  ancestor_names: "strs",
  ancestor_exe_paths: "strs",
  ancestor_cmdlines: "strs",
  cgroup_id: "u53",
  /** "host" for a process outside every container. */
  container_id: "str",
  container_runtime: "str",
  container_name: "str",
  container_image: "str",
  container_privileged: "bool",
  k8s_namespace: "str",
  k8s_pod: "str",
  k8s_pod_uid: "str",
  /** The OCI bundle's folder, where a container was found by it. */
  container_bundle: "str",
  /** Why container fields are absent: a sentence, e.g. "the bundle has no annotations". */
  container_reason: "str",
} as const satisfies ColumnTable;

/** Came after the first actor columns: at a class's end, where an old decoder stops; kernel's bitmap had no bit left for it. */
const entry = {
  /**
   * The process by which this one's line came into its container from outside (the container's first process, or the
   * first of an exec session), by pid and start; the process itself where it is that one. Kept when parents end. Absent
   * on the host, and where the line was born unseen.
   */
  entry_pid: "u32",
  entry_start_us: "u53",
} as const satisfies ColumnTable;

export const processColumns = {
  // cgroup_move: the process was moved to another control group.
  activity: ["exec", "exec_failed", "fork", "exit", "namespace", "cgroup_move"],
  ...actor,
  /** The name given to execve, before any resolution. */
  filename: "str",
  /** What the kernel runs for a script: `#!` line's program; equals filename where there is none. */
  interpreter: "str",
  argc: "u32",
  /** Bytes of the whole argument area; more than was copied when args_truncated. */
  args_bytes_total: "u32",
  args_truncated: "bool",
  exe_inode: "u53",
  exe_device: "u32",
  exe_mode: "u32",
  /** Negative errno of a refused exec; of one with the verdict blocked only where the kernel refused it. */
  error: "i32",
  /** false: the path was read from user memory and may have been changed since. */
  path_trusted: "bool",
  exit_code: "i32",
  exit_signal: "u8",
  clone_flags: "u53",
  ...entry,
  /**
   * Where the executable comes from: the image; the container's upper layer, with content that the image does not hold;
   * a volume (another file system than the process' root: emptyDir, hostPath, tmpfs, a claim); memory (memfd). Unknown
   * where the root is no overlay, as on the host.
   */
  exe_origin: ["image", "upper", "volume", "memory", "unknown"],
  /**
   * Of an exec: what standard input, output and error are: file, directory, tty, null, device, pipe, ipv4 or ipv6 (a
   * connection), unix, socket (another one), closed, other.
   */
  stdio: "strs",
  /**
   * Of an exec in a container where brought programs are blocked (docs/drift.md): it never came to its first instruction
   * (refused, with `error`, so that the process goes on as what it was; or killed); or it ran, and would have been blocked.
   * Absent for what is left alone.
   */
  exec_verdict: ["blocked", "would_block"],
  /** Of a cgroup_move: where it is now, from the root of its hierarchy (the unified one, or the memory controller's). */
  cgroup_path: "str",
  /**
   * Of a cgroup_move of a container's process: that is outside its container's own control group, in the hierarchy that the
   * container is known by, and whatever the group's name is. It is told as its container's all the same, and so is what it starts.
   */
  left_container: "bool",
  /** Who moved it: often itself. */
  mover_pid: "u32",
  /** The command line of who moved it: secrets redacted, as of ancestors. */
  mover_cmdline: "str",
  /**
   * Of an exec, where a rule speaks of it: the variables of its environment that make programs load or run what somebody chose
   * (LD_PRELOAD, BASH_ENV, NODE_OPTIONS, ...) or speak through him (HTTP_PROXY), as `NAME=value`; secrets redacted.
   */
  env: "strs",
  /** The environment was too long to be looked through, or holds more of them, or longer ones, than are told. */
  env_truncated: "bool",
} as const satisfies ColumnTable;

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
  /** The mode that chmod or mkdir asks for. */
  mode: "u32",
  /** The flags of renameat2 and linkat; of chattr those of the file (FS_..._FL). */
  change_flags: "u32",
  /** The name that it was opened by, where `path` is another of its names that a rule asks for (hard link, bind mount). */
  opened_as: "str",
} as const satisfies ColumnTable;

export const networkColumns = {
  activity: ["connect", "send", "dup", "bind", "listen", "accept", "socket"],
  ...actor,
  protocol: ["tcp", "udp", "other"],
  /** The client's; of a dup this machine's. */
  src_ip: "str",
  src_port: "u16",
  /** The server's: of bind, listen and accept this machine's. */
  dst_ip: "str",
  dst_port: "u16",
  ...entry,
  /** The descriptor that the call gave: of a dup the standard stream (0, 1, 2) that is a socket now. */
  fd: "u32",
  /** Family (AF_...), type (SOCK_...) and protocol of the socket. */
  socket: "u53s",
  /** Of a connection to a socket that is a file: as the kernel resolved it where it was bound. An abstract name begins with @. */
  path: "str",
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
  ],
  ...actor,
  /**
   * What the call was about: the request of ptrace and the command of bpf by their names, the flags of setns and unshare,
   * the name of a memfd, the path of mount, umount, move_mount, pivot_root, chroot, open_tree and mount_setattr, the
   * (effective) id of the set*id calls, the signal's name, the command of keyctl, a key's description, the file of
   * finit_module, what pidfd_getfd took (a file, or ipv4, unix, ...), the parameters of init_module, the name that delete_module was given, the file system's kind of fsopen
   * and the key (never the value) of fsconfig. Names and paths are read of user memory after the call, that of
   * finit_module is the kernel's.
   */
  target: "str",
  /**
   * Whom ptrace, process_vm_* and kill, tkill, tgkill were about, by the caller's own pid namespace; no group of processes.
   * Of pidfd_send_signal and pidfd_getfd it is the node's number.
   */
  target_pid: "u32",
  /** The command line of that process, where the number is the node's: secrets redacted, as of ancestors. */
  target_cmdline: "str",
  /** Of sensor_signal `collector` or `publisher`; of sensor_bpf `map`, `program` or `link` and its name. */
  target_object: "str",
  /** Of a sensor_bpf: 0, or the negative errno with which bpf(2) was refused. */
  error: "i32",
} as const satisfies ColumnTable;

/** One record of a Kubernetes API server's audit log (audit.k8s.io/v1 Event), its secrets already redacted. */
export const apiColumns = {
  activity: ["request"],
  time_us: "u53",
  audit_id: "str",
  stage: "str",
  verb: "str",
  user_name: "str",
  user_agent: "str",
  source_ips: "strs",
  api_group: "str",
  resource: "str",
  subresource: "str",
  k8s_namespace: "str",
  object_name: "str",
  response_code: "u16",
  /** The redacted record as JSON, in the shape of audit.k8s.io/v1 Event. */
  record: "json",
  /** Where its line ends, in bytes of all the audit log that this node read; null for what came by a webhook. */
  position: "u53",
} as const satisfies ColumnTable;

/**
 * What a sensor says of itself, once a second (`report`, a SensorReport as JSON), and what the hub makes of sensors:
 *   blind      events of `object` (a class) were lost for `reason`, `count` of them within `duration_us`
 *   silent     nothing was heard for `duration_us`
 *   clock      the node's clock is `duration_us` away from the hub's, or jumped by it
 *   identity   a frame or an enrolment named another node, cluster or workspace than its proof (`reason` says which)
 *   refused    the node refused a desired state (`reason`)
 *   heartbeat  the sensor runs and does not see what it does itself (`object` says what: exec, open)
 *   unread     the audit log that the node is to read was not read for `duration_us` (`reason`: an AuditLogState)
 */
export const sensorColumns = {
  activity: ["report", "blind", "silent", "clock", "identity", "refused", "heartbeat", "unread", "tampered"],
  time_us: "u53",
  report: "json",
  reason: "str",
  object: "str",
  count: "u53",
  duration_us: "u53",
  message: "str",
} as const satisfies ColumnTable;

/**
 * What a cluster's inventory saw of its objects. State, not happenings: a row that comes twice says the same.
 *   put        the object as it is now
 *   gone       it was deleted
 *   complete   every object of `kind` that is there was told with this `generation` or a later one: the others are gone
 *   status     how the inventory itself is (`facts`, an InventoryStatus as JSON)
 */
export const inventoryColumns = {
  activity: ["put", "gone", "complete", "status"],
  time_us: "u53",
  /** Counted by the inventory from its start on; its frames' layout hash names that start. */
  position: "u53",
  /** The start of the inventory by the API server's clock: of two that send for one cluster, the later counts. */
  epoch_us: "u53",
  /** The list that the row belongs to, or follows: grows with every list of a kind. */
  generation: "u53",
  /** Kubernetes' name of the kind, e.g. `Pod`. */
  kind: "str",
  uid: "str",
  resource_version: "str",
  k8s_namespace: "str",
  object_name: "str",
  /** The owner that controls it (metadata.ownerReferences with controller: true). */
  owner_kind: "str",
  owner_name: "str",
  owner_uid: "str",
  created_us: "u53",
  /** Pods: where it runs, and as whom. */
  node_name: "str",
  service_account: "str",
  /** `key=value` */
  labels: "strs",
  /** What else is known, by kind: see wire/src/inventory.ts. */
  facts: "json",
} as const satisfies ColumnTable;

/** Class name -> its number on the wire. Numbers are never reused. */
export const classNumbers = {
  process: 1,
  file: 2,
  network: 3,
  dns: 4,
  kernel: 5,
  api: 6,
  sensor: 7,
  inventory: 8,
} as const;
export type EventClass = keyof typeof classNumbers;

/**
 * Where the second part of a class begins whose first presence bitmap is full: columns from here on have a bitmap of their
 * own behind the first part's values, only where one of them is present (docs/decisions/0022). Never moved.
 */
export const secondParts: Partial<Record<EventClass, string>> = {
  process: "left_container",
  file: "other_path",
  kernel: "target_object",
};

export const classColumns = {
  process: processColumns,
  file: fileColumns,
  network: networkColumns,
  dns: dnsColumns,
  kernel: kernelColumns,
  api: apiColumns,
  sensor: sensorColumns,
  inventory: inventoryColumns,
} as const satisfies Record<EventClass, ColumnTable>;

export type ProcessEvent = { class: "process" } & RowOf<typeof processColumns>;
export type FileEvent = { class: "file" } & RowOf<typeof fileColumns>;
export type NetworkEvent = { class: "network" } & RowOf<typeof networkColumns>;
export type DnsEvent = { class: "dns" } & RowOf<typeof dnsColumns>;
export type KernelEvent = { class: "kernel" } & RowOf<typeof kernelColumns>;
export type ApiEvent = { class: "api" } & RowOf<typeof apiColumns>;
/** `node`: which node the hub's news is of. It is in no frame: there the header names the node. */
export type SensorEvent = { class: "sensor"; node?: string } & RowOf<typeof sensorColumns>;

/** State of an object, not something that happened: no rule sees it, so it is no AtalayaEvent. */
export type InventoryEvent = { class: "inventory" } & RowOf<typeof inventoryColumns>;

/** Events that a process caused: they carry the actor's columns. */
export type SyscallEvent = ProcessEvent | FileEvent | NetworkEvent | DnsEvent | KernelEvent;
export type AtalayaEvent = SyscallEvent | ApiEvent | SensorEvent;
export type Actor = RowOf<typeof actor>;
export const actorColumnNames = Object.keys(actor) as readonly (keyof Actor)[];
