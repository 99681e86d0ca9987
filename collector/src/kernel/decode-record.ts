// One record's bytes to one value. Whoever calls has checked that the record is as long as it says and 8-aligned.
import { posix } from "node:path";
import type { ConnectRecord, ExecRecord, KernelRecord, LowerFile, OpenRecord, Task } from "../kernel-record.ts";
import { isTelling } from "../telling-variables.ts";
import { callFrom } from "./decode-call.ts";
import { changeFrom } from "./decode-change.ts";
import { answerFrom, queryFrom } from "./decode-dns.ts";
import { socketFrom, streamKinds } from "./decode-socket.ts";
import { taskAt } from "./decode-task.ts";
import { watchFrom } from "./decode-watch.ts";
import { ipText } from "./ip-text.ts";
import { layout, recordFlag, recordKind, recordMark, sizes } from "./layout.ts";
import { i32At, type RecordBytes, textAt, u16At, u32At, u64At } from "./record-bytes.ts";

export type RingName = "lifecycle" | "bulk";
type Base = { position: number; ring: RingName; bootUs: number; task: Task };
type Decoder = (from: RecordBytes, at: number, end: number, base: Base) => KernelRecord | undefined;

const decoders: Record<number, Decoder> = {
  [recordKind.exec]: (from, at, end, base) => execFrom("exec", from, at, end, base),
  [recordKind.snapshot]: (from, at, end, base) => execFrom("snapshot", from, at, end, base),
  [recordKind.exec_failed]: execFailedFrom,
  [recordKind.fork]: forkFrom,
  [recordKind.exit]: exitFrom,
  [recordKind.namespace]: namespaceFrom,
  [recordKind.cgroup_mkdir]: cgroupFrom,
  [recordKind.cgroup_move]: cgroupMoveFrom,
  [recordKind.open]: (from, at, end, base) => openFrom("open", from, at, end, base),
  [recordKind.open_failed]: (from, at, end, base) => openFrom("open_failed", from, at, end, base),
  [recordKind.map]: mapFrom,
  [recordKind.connect]: (from, at, end, base) => connectFrom("connect", from, at, end, base),
  [recordKind.send]: (from, at, end, base) => connectFrom("send", from, at, end, base),
  [recordKind.receive]: (from, at, end, base) => connectFrom("receive", from, at, end, base),
  [recordKind.dns_query]: queryFrom,
  [recordKind.dns_answer]: answerFrom,
  [recordKind.call]: callFrom,
  [recordKind.change]: changeFrom,
  [recordKind.dup]: (from, at, end, base) => socketFrom("dup", from, at, end, base),
  [recordKind.bind]: (from, at, end, base) => socketFrom("bind", from, at, end, base),
  [recordKind.listen]: (from, at, end, base) => socketFrom("listen", from, at, end, base),
  [recordKind.accept]: (from, at, end, base) => socketFrom("accept", from, at, end, base),
  [recordKind.socket]: (from, at, end, base) => socketFrom("socket", from, at, end, base),
  [recordKind.unix_connect]: (from, at, end, base) => socketFrom("unix_connect", from, at, end, base),
  [recordKind.connect_failed]: (from, at, end, base) => socketFrom("connect_failed", from, at, end, base),
  [recordKind.sensor_signal]: (from, at, end, base) => watchFrom("sensor_signal", from, at, end, base),
  [recordKind.sensor_bpf]: (from, at, end, base) => watchFrom("sensor_bpf", from, at, end, base),
};

/** Decodes the record of `length` bytes at `at`, a multiple of 8; undefined when it is not one of ours or its lengths do not add up. */
export function decodeRecord(
  from: RecordBytes,
  at: number,
  length: number,
  position: number,
  ring: RingName,
): KernelRecord | undefined {
  if (length < sizes.record_head || u32At(from, at) !== length) return undefined;
  const decoder = decoders[u16At(from, at + layout.record_head.kind)];
  if (decoder === undefined) return undefined;
  const bootUs = u64At(from, at + layout.record_head.boot_us);
  const task = taskAt(from, at + layout.record_head.task);
  const record = decoder(from, at, at + length, { position, ring, bootUs, task });
  const marks = u16At(from, at + layout.record_head.marks);
  if (record !== undefined && (marks & recordMark.forRecorder) !== 0) record.forRecorder = true;
  return record;
}

function execFrom(kind: "exec" | "snapshot", from: RecordBytes, at: number, end: number, base: Base) {
  if (end - at < sizes.exec_record) return undefined;
  const { exec_record: of } = layout;
  const filenameAt = at + sizes.exec_record;
  const interpreterAt = filenameAt + u16At(from, at + of.filename_length);
  const exeAt = interpreterAt + u16At(from, at + of.interpreter_length);
  const cwdAt = exeAt + u16At(from, at + of.exe_length);
  const lowerAt = cwdAt + u16At(from, at + of.cwd_length);
  const headAt = lowerAt + u16At(from, at + of.lower_length);
  const headLength = u16At(from, at + of.args_head_length);
  const tailLength = u16At(from, at + of.args_tail_length);
  const tailAt = headAt + headLength;
  const envAt = tailAt + tailLength;
  const envLength = u16At(from, at + of.env_length);
  if (envAt + envLength !== end) return undefined;
  const flags = u32At(from, at + of.flags);
  const argsBytesTotal = u32At(from, at + of.args_total);
  const taken = headLength + tailLength;
  const filename = textAt(from, filenameAt, interpreterAt);
  const blocked = blockedFrom(flags);
  const hasStanding = (flags & recordFlag.permitted) !== 0;
  return {
    kind,
    position: base.position,
    ring: base.ring,
    bootUs: base.bootUs,
    task: blocked === "refused" ? { ...base.task, comm: commOf(filename) } : base.task,
    filename,
    interpreter: textAt(from, interpreterAt, exeAt),
    exePath: pathText(from, exeAt, cwdAt, (flags & recordFlag.pathCut) !== 0),
    cwd: pathText(from, cwdAt, lowerAt, (flags & recordFlag.cwdCut) !== 0),
    argv: argvFrom(from, headAt, tailAt, envAt, taken < argsBytesTotal),
    argc: u32At(from, at + of.argc),
    argsBytesTotal,
    argsTruncated: taken < argsBytesTotal,
    exeInode: u64At(from, at + of.inode),
    exeDevice: u32At(from, at + of.device),
    exeMode: u32At(from, at + of.mode),
    exeUpperLayer: (flags & recordFlag.upperLayer) !== 0,
    exeMemfd: (flags & recordFlag.memfd) !== 0,
    exeDeleted: (flags & recordFlag.deleted) !== 0,
    capPermitted: hasStanding ? u64At(from, at + of.cap_permitted) : null,
    nsPgid: hasStanding ? u32At(from, at + of.ns_pgid) : null,
    streams: streamKinds(from.bytes, at + of.stdin_kind),
    exeOverlay: (flags & recordFlag.overlay) !== 0,
    exeVolume: (flags & recordFlag.volume) !== 0,
    blocked,
    lower: lowerFrom(from, at, lowerAt, headAt),
    env: split(textAt(from, envAt, end)).filter(isTelling),
    envCut: (flags & recordFlag.envCut) !== 0,
  };
}

function lowerFrom(from: RecordBytes, at: number, pathAt: number, end: number): LowerFile | null {
  const { exec_record: of } = layout;
  const inode = u64At(from, at + of.lower_inode);
  if (inode === 0) return null;
  return {
    path: textAt(from, pathAt, end),
    inode,
    device: u32At(from, at + of.lower_device),
    changedS: u64At(from, at + of.upper_change_s),
    changedNs: u32At(from, at + of.upper_change_ns),
  };
}

/** A path whose head is missing does not look like an absolute one. */
function pathText(from: RecordBytes, at: number, end: number, isCut: boolean): string {
  return isCut ? `…${textAt(from, at, end)}` : textAt(from, at, end);
}

/** Arguments end with a NUL each. Where the middle was cut, "…" stands for it, between the head's and the tail's. */
function argvFrom(from: RecordBytes, headAt: number, tailAt: number, end: number, cut: boolean): string[] {
  const hasGap = cut && tailAt < end;
  const argv = split(textAt(from, headAt, hasGap ? tailAt : end));
  if (!hasGap) return argv;
  return [...argv, "…", ...split(textAt(from, tailAt, end))];
}

function split(text: string): string[] {
  if (text === "") return [];
  return (text.endsWith("\0") ? text.slice(0, -1) : text).split("\0");
}

function execFailedFrom(from: RecordBytes, at: number, end: number, base: Base): KernelRecord | undefined {
  const { exec_failed_record: of } = layout;
  const textFrom = at + sizes.exec_failed_record;
  if (end < textFrom || textFrom + u16At(from, at + of.filename_length) !== end) return undefined;
  const error = i32At(from, at + of.error);
  return {
    kind: "exec_failed",
    position: base.position,
    ring: base.ring,
    bootUs: base.bootUs,
    task: base.task,
    filename: textAt(from, textFrom, end),
    error,
  };
}

function forkFrom(from: RecordBytes, at: number, end: number, base: Base): KernelRecord | undefined {
  if (end - at !== sizes.fork_record) return undefined;
  const { fork_record: of } = layout;
  return {
    kind: "fork",
    position: base.position,
    ring: base.ring,
    bootUs: base.bootUs,
    task: base.task,
    makerPid: u32At(from, at + of.maker_pid),
    makerStartUs: u64At(from, at + of.maker_start_us),
  };
}

function exitFrom(from: RecordBytes, at: number, end: number, base: Base): KernelRecord | undefined {
  if (end - at !== sizes.exit_record) return undefined;
  const { exit_record: of } = layout;
  return {
    kind: "exit",
    position: base.position,
    ring: base.ring,
    bootUs: base.bootUs,
    task: base.task,
    exitCode: u32At(from, at + of.code),
    exitSignal: u32At(from, at + of.signal),
  };
}

function namespaceFrom(from: RecordBytes, at: number, end: number, base: Base): KernelRecord | undefined {
  if (end - at !== sizes.namespace_record) return undefined;
  return {
    kind: "namespace",
    position: base.position,
    ring: base.ring,
    bootUs: base.bootUs,
    task: base.task,
    cloneFlags: u64At(from, at + layout.namespace_record.clone_flags),
  };
}

type GroupLayout = typeof layout.cgroup_record | typeof layout.cgroup_move_record;

/** The control group that a record of `size` bytes and a path tells of. */
function groupFrom(from: RecordBytes, at: number, end: number, of: GroupLayout, size: number) {
  const textFrom = at + size;
  if (end < textFrom || textFrom + u16At(from, at + of.path_length) !== end) return undefined;
  const version: 1 | 2 = u32At(from, at + of.version) === 2 ? 2 : 1;
  return { cgroupId: u64At(from, at + of.cgroup_id), version, path: textAt(from, textFrom, end) };
}

function cgroupFrom(from: RecordBytes, at: number, end: number, base: Base): KernelRecord | undefined {
  const group = groupFrom(from, at, end, layout.cgroup_record, sizes.cgroup_record);
  if (group === undefined) return undefined;
  return {
    kind: "cgroup_mkdir",
    position: base.position,
    ring: base.ring,
    bootUs: base.bootUs,
    task: base.task,
    ...group,
  };
}

function cgroupMoveFrom(from: RecordBytes, at: number, end: number, base: Base): KernelRecord | undefined {
  const { cgroup_move_record: of } = layout;
  const group = groupFrom(from, at, end, of, sizes.cgroup_move_record);
  if (group === undefined) return undefined;
  return {
    kind: "cgroup_move",
    position: base.position,
    ring: base.ring,
    bootUs: base.bootUs,
    task: base.task,
    ...group,
    moverPid: u32At(from, at + of.mover_pid),
    moverStartUs: u64At(from, at + of.mover_start_us),
  };
}

function openFrom(kind: OpenRecord["kind"], from: RecordBytes, at: number, end: number, base: Base) {
  const { open_record: of } = layout;
  const baseAt = at + sizes.open_record;
  if (end < baseAt) return undefined;
  const pathAt = baseAt + u16At(from, at + of.base_length);
  if (pathAt + u16At(from, at + of.path_length) !== end) return undefined;
  const flags = u32At(from, at + of.flags);
  const path = pathText(from, pathAt, end, (flags & recordFlag.pathCut) !== 0);
  const start = textAt(from, baseAt, pathAt);
  const isOther = (flags & recordFlag.otherName) !== 0;
  return {
    kind,
    position: base.position,
    ring: base.ring,
    bootUs: base.bootUs,
    task: base.task,
    // Walked up to the root of its file system, whose own name is a slash; or as it was written, with steps back.
    path: isOther ? posix.normalize(path.replace(/^\/+/, "/")) : start === "" ? path : join(start, path),
    openedAs: isOther ? start : undefined,
    openFlags: u32At(from, at + of.open_flags),
    created: (flags & recordFlag.created) !== 0,
    fileMode: modeFrom(u32At(from, at + of.file_mode)),
    inode: u64At(from, at + of.inode),
    device: u32At(from, at + of.device),
    upperLayer: (flags & recordFlag.upperLayer) !== 0,
    error: i32At(from, at + of.error),
    pathTrusted: (flags & recordFlag.pathTrusted) !== 0,
    viaIoUring: (flags & recordFlag.uring) !== 0,
  };
}

/** Of a file that is there the type is never 0. */
const modeFrom = (mode: number): number | null => (mode === 0 ? null : mode & 0o7777);

function mapFrom(from: RecordBytes, at: number, end: number, base: Base): KernelRecord | undefined {
  const { map_record: of } = layout;
  const pathAt = at + sizes.map_record;
  if (end < pathAt || pathAt + u16At(from, at + of.path_length) !== end) return undefined;
  const flags = u32At(from, at + of.flags);
  return {
    kind: "map",
    position: base.position,
    ring: base.ring,
    bootUs: base.bootUs,
    task: base.task,
    path: pathText(from, pathAt, end, (flags & recordFlag.pathCut) !== 0),
    inode: u64At(from, at + of.inode),
    device: u32At(from, at + of.device),
    protection: u32At(from, at + of.protection),
    upperLayer: (flags & recordFlag.upperLayer) !== 0,
    memfd: (flags & recordFlag.memfd) !== 0,
  };
}

function blockedFrom(flags: number): ExecRecord["blocked"] {
  if ((flags & recordFlag.blocked) !== 0) return (flags & recordFlag.refused) !== 0 ? "refused" : "killed";
  return (flags & recordFlag.wouldBlock) !== 0 ? "would_be" : undefined;
}

/** The name that the kernel gives to a process which runs that file: 15 bytes of its last part. */
function commOf(filename: string): string {
  return Buffer.from(filename.slice(filename.lastIndexOf("/") + 1))
    .subarray(0, 15)
    .toString();
}

function join(folder: string, path: string): string {
  return folder.endsWith("/") ? `${folder}${path}` : `${folder}/${path}`;
}

function connectFrom(kind: ConnectRecord["kind"], from: RecordBytes, at: number, end: number, base: Base) {
  if (end - at !== sizes.connect_record) return undefined;
  const { connect_record: of } = layout;
  const family = from.bytes.readUInt8(at + of.family);
  return {
    kind,
    position: base.position,
    ring: base.ring,
    bootUs: base.bootUs,
    task: base.task,
    protocol: protocolOf(from.bytes.readUInt8(at + of.protocol)),
    srcIp: ipText(from.bytes, at + of.source, family),
    srcPort: u16At(from, at + of.source_port),
    dstIp: ipText(from.bytes, at + of.destination, family),
    dstPort: u16At(from, at + of.destination_port),
  };
}

function protocolOf(number: number): ConnectRecord["protocol"] {
  if (number === 6) return "tcp";
  return number === 17 ? "udp" : "other";
}
