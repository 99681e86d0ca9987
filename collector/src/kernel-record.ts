// What the kernel said, decoded from a ring's bytes: the border between the BPF programs and the rest of the collector.
// Times are microseconds since boot. Paths and names are strings; bytes that are not UTF-8 became U+FFFD.
import type { FileChange } from "./file-changes.ts";
import type { RareCall } from "./rare-calls.ts";

export type Task = {
  pid: number;
  tid: number;
  startUs: number;
  ppid: number;
  parentStartUs: number;
  nsPid: number;
  sessionId: number;
  tty: number;
  uid: number;
  gid: number;
  euid: number;
  loginUid: number;
  capEffective: number;
  mntNs: number;
  pidNs: number;
  netNs: number;
  /** Id of the cgroup v2 directory; 1 (or the root's) when the task is in none of its own. */
  cgroupIdV2: number;
  /** Kernfs id (inode) of the v1 memory controller's directory; 0 where the kernel has no v1. */
  cgroupIdV1: number;
  comm: string;
};

type Base = {
  /** Byte position of the record in its ring. */
  position: number;
  ring: "lifecycle" | "bulk";
  bootUs: number;
  task: Task;
  /** No rule asks for it: it is for the flight recorder, and nowhere else. */
  forRecorder?: true;
};

/** What an executable of an overlay's upper layer was copied from, and when that one last changed. */
export type LowerFile = {
  /** Seen from the root of its layer. */
  path: string;
  inode: number;
  device: number;
  /** ctime of the copy when it was executed. */
  changedS: number;
  changedNs: number;
};

export type ExecRecord = Base & {
  kind: "exec" | "snapshot";
  filename: string;
  interpreter: string;
  exePath: string;
  cwd: string;
  argv: string[];
  argc: number;
  argsBytesTotal: number;
  argsTruncated: boolean;
  exeInode: number;
  exeDevice: number;
  exeMode: number;
  exeUpperLayer: boolean;
  exeMemfd: boolean;
  exeDeleted: boolean;
  /** In an overlay, in whichever layer. */
  exeOverlay: boolean;
  /** On another file system than the root of its process. */
  exeVolume: boolean;
  /**
   * What the kernel side did: it killed the program before its first instruction; it refused it, so that the process goes on
   * as what it was (`task` bears the name that it would have); or it would have, where it does more than say so.
   */
  blocked?: "killed" | "refused" | "would_be" | undefined;
  /** null where nothing below has its length. */
  lower: LowerFile | null;
  /** What it may do at most; with the next one null where an earlier build's record does not say. */
  capPermitted: number | null;
  /** The number of its process group in its own pid namespace; 0 where the leader is outside of it. */
  nsPgid: number | null;
  /** What standard input, output and error are. */
  streams?: readonly StreamKind[] | undefined;
  /** `NAME=value` of its telling variables (telling-variables.ts), where they are asked for. */
  env?: readonly string[];
  /** Not all of the environment was looked at, or not all of what was found is there. */
  envCut?: boolean;
};
export type StreamKind =
  | "closed"
  | "file"
  | "directory"
  | "tty"
  | "null"
  | "device"
  | "pipe"
  | "ipv4"
  | "ipv6"
  | "unix"
  | "socket"
  | "other";
export type ExecFailedRecord = Base & { kind: "exec_failed"; filename: string; error: number };
/** The task is the child. Who made it is not its parent after CLONE_PARENT. */
export type ForkRecord = Base & { kind: "fork"; makerPid: number; makerStartUs: number };
export type ExitRecord = Base & { kind: "exit"; exitCode: number; exitSignal: number };
export type NamespaceRecord = Base & { kind: "namespace"; cloneFlags: number };
export type OpenRecord = Base & {
  kind: "open" | "open_failed";
  path: string;
  openFlags: number;
  /** The file was made by this open, O_TMPFILE's included. */
  created: boolean;
  /** Permission bits of the file; null of a refused open, and where an earlier build's record does not say. */
  fileMode: number | null;
  inode: number;
  device: number;
  upperLayer: boolean;
  /** Negative errno, 0 on success. */
  error: number;
  pathTrusted: boolean;
  viaIoUring: boolean;
  /** The path that it was opened by, where `path` is another name of the same file that is watched. */
  openedAs?: string | undefined;
};
/** A file that became code without an exec, and is none of an image. */
export type MapRecord = Base & {
  kind: "map";
  path: string;
  inode: number;
  device: number;
  /** PROT_… */
  protection: number;
  upperLayer: boolean;
  memfd: boolean;
};
export type ConnectRecord = Base & {
  /** Of a datagram that was received the source is its sender. */
  kind: "connect" | "send" | "receive";
  protocol: "tcp" | "udp" | "other";
  srcIp: string;
  srcPort: number;
  dstIp: string;
  dstPort: number;
};
/** What was done with a socket, or became of it; addresses and path are the socket's own, of connect_failed the remote one is what was asked for. */
export type SocketRecord = Base & {
  kind: "dup" | "bind" | "listen" | "accept" | "socket" | "unix_connect" | "connect_failed";
  /** AF_..., SOCK_..., and of IP or of that family. */
  family: number;
  type: number;
  protocol: number;
  /** Undefined where the family has no such address. */
  localIp: string | undefined;
  localPort: number;
  remoteIp: string | undefined;
  remotePort: number;
  /** Of unix_connect: of whom it is connected with. An abstract name begins with @. */
  path: string;
  /** The descriptor that the call gave; 0 where it gives none; of connect_failed the negative errno. */
  result: number;
};
/** A call that few programs have a use for, and that succeeded; `task` is as it was afterwards. */
export type CallRecord = Base & {
  kind: "call";
  call: RareCall;
  /** The first five, as the caller gave them; exact below 2^53. The fifth of pidfd_send_signal and pidfd_getfd is whom it was about, 0 where that is not known. */
  arguments: readonly number[];
  result: number;
  /** A path or a name, read of user memory after the call; undefined where the call has none or it could not be read. */
  text: string | undefined;
  /** Of an fsconfig that sets `source`: the device, or the server's path. */
  source?: string;
  /** Of mount_setattr: the first members of its struct mount_attr. */
  mountChange?: { set: number; clear: number; propagation: number };
};
/** What somebody (`task`) did to the sensor itself. */
export type WatchRecord = Base & {
  kind: "sensor_signal" | "sensor_bpf";
  /** The signal, or the command of bpf(2). */
  number: number;
  /** Of the call: negative errno, 0 on success. */
  error: number;
  /** Of signals: the process, as the node counts; else 0. */
  targetPid: number;
  /** "collector", "publisher"; "map settings", "program exit_open", "link exit_open". */
  target: string;
};
/** A name or a mode that was changed, or should have been. */
export type ChangeRecord = Base & {
  kind: "change";
  change: FileChange;
  /** Of rename and link the old one, of symlink the link. As the caller wrote it, behind its folder; plain. "" where it could not be read. */
  path: string;
  /** Of rename and link the new one; of symlink what it points to, as it was written. */
  otherPath: string | undefined;
  /** That is asked for: of chmod and mkdir. */
  mode: number | undefined;
  /** Of the call; of chattr the file's. */
  changeFlags: number | undefined;
  /** Negative errno, 0 on success. */
  error: number;
  /** Of what is changed by a descriptor; else 0. */
  inode: number;
  device: number;
  /** The path is the kernel's, of a descriptor. */
  pathTrusted: boolean;
};
/** A question to a name server, as it was sent. */
export type DnsQueryRecord = DnsMessage & { kind: "dns_query" };
/** An answer as it reached the socket of the process that asked; the rest as it was when it asked. */
export type DnsAnswerRecord = DnsMessage & {
  kind: "dns_answer";
  /** Addresses and names in the answer's order; of a message that was cut those that are whole. */
  answers: readonly string[];
  /** The shortest time that one of them says it may be kept; 0 where there is none. */
  seconds: number;
};
type DnsMessage = Base & {
  protocol: "tcp" | "udp";
  dstIp: string;
  dstPort: number;
  /** Small letters, no dot at the end (the root is "."), what is not printable as \DDD. Undefined where it is no name. */
  name: string | undefined;
  /** As in RFC 1035; undefined where it was not captured. */
  type: number | undefined;
};
/** A cgroup directory appeared; `task` made it (the container runtime). */
export type CgroupRecord = Base & {
  kind: "cgroup_mkdir";
  cgroupId: number;
  path: string;
  /** Ids of the two hierarchies overlap: 2 is the unified one, 1 that of the v1 memory controller. */
  version?: 1 | 2;
};

/** A process (or, where `task.tid` is not `task.pid`, one thread) was moved to that control group, and is in it. */
export type CgroupMoveRecord = Base & {
  kind: "cgroup_move";
  cgroupId: number;
  path: string;
  /** As CgroupRecord's. */
  version: 1 | 2;
  /** Who moved it: often itself. */
  moverPid: number;
  moverStartUs: number;
};

export type KernelRecord =
  | ExecRecord
  | ExecFailedRecord
  | ForkRecord
  | ExitRecord
  | NamespaceRecord
  | OpenRecord
  | MapRecord
  | ConnectRecord
  | SocketRecord
  | CallRecord
  | ChangeRecord
  | WatchRecord
  | DnsQueryRecord
  | DnsAnswerRecord
  | CgroupRecord
  | CgroupMoveRecord;

export type Counter = { class: string; reason: string; value: number };
