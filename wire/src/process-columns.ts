import type { ColumnTable } from "./columns.ts";

// Names are OCSF's where OCSF has the attribute, in snake_case; times are microseconds (`_us`), of the epoch for
// `time_us` and since boot for `start_us` and `exec_us`. Columns are only ever appended: an old decoder skips what it
// does not know by the event's length, a new one reads a missing bit as null.

export const actor = {
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
export const entry = {
  /**
   * The process by which this one's line came into its container from outside (the container's first process, or the
   * first of an exec session), by pid and start; the process itself where it is that one. Kept when parents end. Absent
   * on the host, and where the line was born unseen.
   */
  entry_pid: "u32",
  entry_start_us: "u53",
} as const satisfies ColumnTable;

/** Came later still: at the end of each class at that time. */
export const age = {
  /** How long the process had lived, from its start (its fork) on. */
  age_us: "u53",
} as const satisfies ColumnTable;

export const permitted = {
  /**
   * The permitted capabilities that it had when its program started, or that it was born with. So of who makes itself a user
   * namespace (and has all capabilities in it) those that it had before.
   */
  cap_permitted: "u53",
} as const satisfies ColumnTable;

const exeOrigins = ["image", "upper", "volume", "memory", "unknown"] as const;

const outside = {
  /**
   * True where a process in a container still runs what was started before it came into it: the runtime, which makes the
   * container's mounts, namespaces and users. Never of what is started inside, whatever it calls itself. Absent elsewhere.
   */
  started_outside: "bool",
} as const satisfies ColumnTable;

/** Came later still, to the classes that did not tell where the process' program is from. */
export const origin = {
  /** As of a process event. */
  exe_origin: exeOrigins,
  ...outside,
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
  exe_origin: exeOrigins,
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
  ...age,
  ...permitted,
  /** Of an exec: the number of its process group inside its own pid namespace; 0 where the group's leader is outside of it. */
  ns_pgid: "u32",
  /**
   * Of an exec in a container, where a rule speaks of it: what the container has of its host, three strings for each mount:
   * where it is on the host, where in the container, `rw` or `ro` with its propagation (`ro,rprivate`). A last "…" stands
   * for more of them.
   */
  container_mounts: "strs",
  ...outside,
  /**
   * Of an exec of a script by its name, where that comes from: as exe_origin tells of its interpreter. It is looked up after
   * the exec; a script of the image that has another name now counts as brought.
   */
  script_origin: ["image", "upper", "volume", "unknown"],
  /**
   * Of an exec in a container: it starts the first program of those that its process is given inside, in place of what was
   * started outside: the container's own first program, or that of an exec session. What such a program starts in its place is not it.
   */
  first_inside: "bool",
} as const satisfies ColumnTable;
