import {
  type AtalayaEvent,
  addedWords,
  type DnsEvent,
  emptyFilterPlan,
  type FileEvent,
  type FilterPlan,
  type KernelEvent,
  type NetworkEvent,
  type ProcessEvent,
  type SyscallEvent,
} from "@atalaya/wire";
import { blankDns, blankFile, blankKernel, blankNetwork, blankProcess, type Filling } from "./blank-rows.ts";
import type { BootClock } from "./boot-clock.ts";
import { deedOf, nodePidOf, targetObjectOf, targetOf, targetPidOf } from "./call-target.ts";
import type { Container, Containers } from "./containers.ts";
import { Counters } from "./counters.ts";
import type {
  CallRecord,
  CgroupMoveRecord,
  CgroupRecord,
  ChangeRecord,
  ConnectRecord,
  DnsAnswerRecord,
  DnsQueryRecord,
  ExecFailedRecord,
  ExecRecord,
  ExitRecord,
  ForkRecord,
  KernelRecord,
  MapRecord,
  NamespaceRecord,
  OpenRecord,
  SocketRecord,
  Task,
  WatchRecord,
} from "./kernel-record.ts";
import type { ProcessEntry } from "./process-entry.ts";
import type { ProcessTable } from "./process-table.ts";
import { ResolvedNames, scopesOf } from "./resolved-names.ts";

/** What of a plan says what is added to events. */
type Asked = Pick<FilterPlan, "calls" | "unasked">;

/** -EPERM */
const refusedWith = -1;

type ProcessRecord = ExecRecord | ExecFailedRecord | ForkRecord | ExitRecord | NamespaceRecord | CgroupMoveRecord;

/** Records in, events out: each with its process, its ancestors and its container as far as they are known now. */
export class EventMaker {
  readonly #table: ProcessTable;
  readonly #containers: Containers;
  readonly #clock: BootClock;
  readonly #plan: () => Asked;
  readonly #names: ResolvedNames;
  /** Told of each container's process that is met in groups of the host. */
  onStray: (task: Task) => void = () => undefined;

  /** `plan`: the one in force. */
  constructor(
    table: ProcessTable,
    containers: Containers,
    clock: BootClock,
    plan: () => Asked = () => emptyFilterPlan,
    counters: Counters = new Counters(),
  ) {
    this.#names = new ResolvedNames(counters);
    this.#plan = plan;
    this.#table = table;
    this.#containers = containers;
    this.#clock = clock;
  }

  /** The event of a record, or undefined where the record only teaches us something (a cgroup, a snapshot, what an address is called). */
  make(record: KernelRecord): AtalayaEvent | undefined {
    if (record.kind === "cgroup_mkdir" || record.kind === "snapshot") return undefined;
    const entry = this.#table.apply(record);
    const event = eventOf(record);
    this.#fillActor(event, record, entry);
    if (this.#asks(addedWords.resolvedNames)) return this.#fillNames(event, record);
    if (this.#names.size > 0) this.#names.clear();
    return event;
  }

  /** What is asked of name servers, and answered, may be there for the names alone. */
  #fillNames(event: Filling<SyscallEvent>, record: KernelRecord): AtalayaEvent | undefined {
    const scopes = scopesOf(event, record.task);
    if (record.kind === "dns_answer") this.#names.learn(scopes[0], record);
    if (event.class === "network") {
      event.src_names = this.#names.of(scopes, event.src_ip, record.bootUs);
      event.dst_names = this.#names.of(scopes, event.dst_ip, record.bootUs);
    }
    return event.class === "dns" && this.#plan().unasked.includes(`dns.${event.activity}`) ? undefined : event;
  }

  #asks(word: string): boolean {
    return this.#plan().calls.includes(word);
  }

  #lineOfTarget(record: CallRecord | WatchRecord): string | undefined {
    if (record.kind !== "call") return record.targetPid === 0 ? undefined : this.#table.cmdlineOf(record.targetPid);
    const pid = nodePidOf(record);
    return pid === undefined ? undefined : this.#table.cmdlineOf(pid);
  }

  /** Before the process is met where it is now: it leaves the container that it was in before, or who made it. */
  #fillMove(event: Filling<ProcessEvent>, record: CgroupMoveRecord, entry: ProcessEntry): void {
    this.#containers.toldOf(record);
    if (entry.home !== null) event.left_container = this.#containers.hasLeft(entry.home, record.task);
    event.cgroup_path = record.path;
    event.mover_pid = record.moverPid;
    event.mover_cmdline = this.#table.cmdlineOf(record.moverPid, record.moverStartUs) ?? null;
  }

  #fillActor(event: Filling<SyscallEvent>, record: KernelRecord, entry: ProcessEntry): void {
    const task = record.task;
    event.time_us = this.#clock.epochUs(record.bootUs);
    event.position = record.position;
    if (event.class === "process" && record.kind === "cgroup_move") this.#fillMove(event, record, entry);
    fillTask(event, task);
    event.age_us = Math.max(0, record.bootUs - task.startUs);
    event.exec_us = entry.execUs;
    event.exe_path = entry.exePath;
    event.cwd = entry.cwd;
    event.argv = entry.argv;
    event.exe_upper_layer = entry.exeUpperLayer;
    event.exe_memfd = entry.exeMemfd;
    event.exe_deleted = entry.exeDeleted;
    event.from_snapshot = entry.fromSnapshot;
    const lineage = this.#table.lineage(entry, task);
    event.ancestor_pids = lineage.pids;
    event.ancestor_starts_us = lineage.startsUs;
    event.ancestor_names = lineage.names;
    event.ancestor_exe_paths = lineage.exePaths;
    event.ancestor_cmdlines = lineage.cmdlines;
    const met = this.#containers.of(task);
    const container = this.#table.within(entry, met, task);
    if (container !== met && met === this.#containers.host) this.onStray(task);
    event.user_name = this.#containers.userName(container, task);
    fillContainer(event, container);
    event.exe_origin = entry.exeOrigin;
    if (container.id !== this.#containers.host.id && entry.outsideMntNs !== null) event.started_outside = true;
    const { entry: from } = entry.place;
    if (event.class === "kernel" || event.class === "process") event.cap_permitted = entry.capPermitted;
    if (event.class === "kernel") {
      if (record.kind === "call" || "targetPid" in record) event.target_cmdline = this.#lineOfTarget(record) ?? null;
      return;
    }
    if (event.class === "process" && record.kind === "exec") {
      event.env = entry.env;
      event.script_origin = entry.scriptOrigin;
      if (container.id !== this.#containers.host.id) event.first_inside = entry.isFirstInside;
      if (this.#asks(addedWords.containerMounts)) event.container_mounts = container.mounts;
    }
    event.entry_pid = from?.pid ?? null;
    event.entry_start_us = from?.startUs ?? null;
  }
}

function eventOf(record: Exclude<KernelRecord, CgroupRecord>): SyscallEvent {
  if ("openFlags" in record) return fileEvent(record);
  if (record.kind === "map") return mapEvent(record);
  if (record.kind === "call") return callEvent(record);
  if (record.kind === "change") return changeEvent(record);
  if ("targetPid" in record) return watchEvent(record);
  if (record.kind === "dns_query" || record.kind === "dns_answer") return dnsEvent(record);
  if ("dstIp" in record) return networkEvent(record);
  if ("family" in record) return socketEvent(record);
  return processEvent(record);
}

function processEvent(record: ProcessRecord): Filling<ProcessEvent> {
  const event = blankProcess();
  if (record.kind === "exec" || record.kind === "snapshot") {
    event.activity = "exec";
    event.filename = record.filename;
    event.interpreter = record.interpreter;
    event.argc = record.argc;
    event.args_bytes_total = record.argsBytesTotal;
    event.args_truncated = record.argsTruncated;
    event.exe_inode = record.exeInode;
    event.exe_device = record.exeDevice;
    event.exe_mode = record.exeMode;
    event.ns_pgid = record.nsPgid;
    event.stdio = record.streams ?? null;
    if (record.envCut === true) event.env_truncated = true;
    if (record.blocked !== undefined) event.exec_verdict = record.blocked === "would_be" ? "would_block" : "blocked";
    if (record.blocked === "refused") event.error = refusedWith;
    return event;
  }
  event.activity = record.kind;
  if (record.kind === "exec_failed") {
    event.filename = record.filename;
    event.error = record.error;
    event.path_trusted = false;
  } else if (record.kind === "exit") {
    event.exit_code = record.exitCode;
    event.exit_signal = record.exitSignal;
  } else if (record.kind === "namespace") event.clone_flags = record.cloneFlags;
  return event;
}

function fileEvent(record: OpenRecord): Filling<FileEvent> {
  const event = blankFile();
  event.activity = record.kind;
  event.path = record.path;
  event.open_flags = record.openFlags;
  event.created = record.created;
  if (record.created) event.mode = record.fileMode;
  event.error = record.error;
  event.path_trusted = record.pathTrusted;
  event.inode = record.inode;
  event.device = record.device;
  event.upper_layer = record.upperLayer;
  event.via_io_uring = record.viaIoUring;
  event.opened_as = record.openedAs ?? null;
  return event;
}

function mapEvent(record: MapRecord): Filling<FileEvent> {
  const event = blankFile();
  event.activity = "map";
  event.path = record.path;
  event.path_trusted = true;
  event.inode = record.inode;
  event.device = record.device;
  event.upper_layer = record.upperLayer;
  return event;
}

function changeEvent(record: ChangeRecord): Filling<FileEvent> {
  const event = blankFile();
  event.activity = record.change;
  event.path = record.path === "" ? null : record.path;
  event.other_path = record.otherPath ?? null;
  event.mode = record.mode ?? null;
  event.change_flags = record.changeFlags ?? null;
  event.error = record.error;
  event.path_trusted = record.pathTrusted;
  if (record.inode === 0) return event;
  event.inode = record.inode;
  event.device = record.device;
  return event;
}

function networkEvent(record: ConnectRecord): Filling<NetworkEvent> {
  const event = blankNetwork();
  event.activity = record.kind;
  event.protocol = record.protocol;
  event.src_ip = record.srcIp;
  event.src_port = record.srcPort;
  event.dst_ip = record.kind === "receive" ? record.dstIp || null : record.dstIp;
  event.dst_port = record.dstPort;
  return event;
}

/** Of whoever takes connections the socket's own address is the server's. */
function socketEvent(record: SocketRecord): Filling<NetworkEvent> {
  const event = blankNetwork();
  const { kind, family, type, protocol, localIp, remoteIp } = record;
  event.activity = kind === "unix_connect" ? "connect" : kind;
  event.socket = [family, type, protocol];
  if (kind === "dup" || kind === "accept" || kind === "socket") event.fd = record.result;
  if (kind === "unix_connect") event.path = record.path;
  if (kind === "connect_failed") event.error = record.result;
  if (localIp === undefined || remoteIp === undefined) return event;
  event.protocol = protocol === 6 ? "tcp" : protocol === 17 ? "udp" : "other";
  if (kind === "socket") return event;
  const isServer = kind !== "dup" && kind !== "connect_failed";
  event[isServer ? "dst_ip" : "src_ip"] = localIp;
  event[isServer ? "dst_port" : "src_port"] = record.localPort;
  if (kind === "bind" || kind === "listen") return event;
  event[isServer ? "src_ip" : "dst_ip"] = remoteIp;
  event[isServer ? "src_port" : "dst_port"] = record.remotePort;
  return event;
}

function callEvent(record: CallRecord): Filling<KernelEvent> {
  const event = blankKernel();
  event.activity = record.call;
  event.target = targetOf(record) ?? null;
  event.target_pid = targetPidOf(record) ?? null;
  event.target_object = targetObjectOf(record) ?? null;
  return event;
}

function watchEvent(record: WatchRecord): Filling<KernelEvent> {
  const event = blankKernel();
  event.activity = record.kind;
  event.target = deedOf(record);
  event.target_pid = record.targetPid === 0 ? null : record.targetPid;
  event.target_object = record.target;
  if (record.kind === "sensor_bpf") event.error = record.error;
  return event;
}

function dnsEvent(record: DnsQueryRecord | DnsAnswerRecord): Filling<DnsEvent> {
  const event = blankDns();
  event.activity = record.kind === "dns_query" ? "query" : "answer";
  if (record.kind === "dns_answer") event.answers = [...record.answers];
  event.query = record.name ?? null;
  event.query_type = record.type ?? null;
  event.dst_ip = record.dstIp;
  event.dst_port = record.dstPort;
  event.protocol = record.protocol;
  return event;
}

function fillTask(event: Filling<SyscallEvent>, task: Task): void {
  event.pid = task.pid;
  event.tid = task.tid;
  event.start_us = task.startUs;
  event.ppid = task.ppid;
  event.parent_start_us = task.parentStartUs;
  event.ns_pid = task.nsPid;
  event.session_id = task.sessionId;
  event.tty = task.tty;
  event.uid = task.uid;
  event.gid = task.gid;
  event.euid = task.euid;
  event.login_uid = task.loginUid;
  event.cap_effective = task.capEffective;
  event.mnt_ns = task.mntNs;
  event.pid_ns = task.pidNs;
  event.net_ns = task.netNs;
  event.name = task.comm;
}

function fillContainer(event: Filling<SyscallEvent>, container: Container): void {
  event.container_id = container.id;
  event.container_runtime = container.runtime;
  event.container_name = container.name;
  event.container_image = container.image;
  event.container_privileged = container.privileged;
  event.k8s_namespace = container.namespace;
  event.k8s_pod = container.pod;
  event.k8s_pod_uid = container.podUid;
  event.container_bundle = container.bundle;
  event.container_reason = container.reason;
}
