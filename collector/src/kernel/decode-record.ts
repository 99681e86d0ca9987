// One record's bytes to one value. Whoever calls has checked that the record is as long as it says and 8-aligned.
import type { ConnectRecord, KernelRecord, OpenRecord, Task } from "../kernel-record.ts";
import { ipText } from "./ip-text.ts";
import { layout, recordFlag, recordKind, sizes } from "./layout.ts";

export type RingName = "lifecycle" | "bulk";
type Base = { position: number; ring: RingName; bootUs: number; task: Task };
type Decoder = (bytes: Buffer, at: number, end: number, base: Base) => KernelRecord | undefined;

const u32At = (bytes: Buffer, at: number): number => bytes.readUInt32LE(at);
/** 64 bits as a number: exact below 2^53, which times, ids and capabilities are. */
const u64At = (bytes: Buffer, at: number): number => bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 4294967296;

const decoders: Record<number, Decoder> = {
  [recordKind.exec]: (bytes, at, end, base) => execFrom("exec", bytes, at, end, base),
  [recordKind.snapshot]: (bytes, at, end, base) => execFrom("snapshot", bytes, at, end, base),
  [recordKind.exec_failed]: execFailedFrom,
  [recordKind.fork]: (_bytes, at, end, base) =>
    end - at === sizes.fork_record ? { kind: "fork", ...base } : undefined,
  [recordKind.exit]: exitFrom,
  [recordKind.namespace]: namespaceFrom,
  [recordKind.cgroup_mkdir]: cgroupFrom,
  [recordKind.open]: (bytes, at, end, base) => openFrom("open", bytes, at, end, base),
  [recordKind.open_failed]: (bytes, at, end, base) => openFrom("open_failed", bytes, at, end, base),
  [recordKind.connect]: (bytes, at, end, base) => connectFrom("connect", bytes, at, end, base),
  [recordKind.send]: (bytes, at, end, base) => connectFrom("send", bytes, at, end, base),
};

/** Decodes the record of `length` bytes at `at`; undefined when it is not one of ours or its lengths do not add up. */
export function decodeRecord(
  bytes: Buffer,
  at: number,
  length: number,
  position: number,
  ring: RingName,
): KernelRecord | undefined {
  if (length < sizes.record_head || u32At(bytes, at) !== length) return undefined;
  const decoder = decoders[bytes.readUInt16LE(at + layout.record_head.kind)];
  if (decoder === undefined) return undefined;
  const bootUs = u64At(bytes, at + layout.record_head.boot_us);
  const task = taskFrom(bytes, at + layout.record_head.task);
  return decoder(bytes, at, at + length, { position, ring, bootUs, task });
}

function taskFrom(bytes: Buffer, at: number): Task {
  const { record_task: of } = layout;
  return {
    pid: u32At(bytes, at + of.pid),
    tid: u32At(bytes, at + of.tid),
    startUs: u64At(bytes, at + of.start_us),
    ppid: u32At(bytes, at + of.ppid),
    parentStartUs: u64At(bytes, at + of.parent_start_us),
    nsPid: u32At(bytes, at + of.ns_pid),
    sessionId: u32At(bytes, at + of.session_id),
    tty: u32At(bytes, at + of.tty),
    uid: u32At(bytes, at + of.uid),
    gid: u32At(bytes, at + of.gid),
    euid: u32At(bytes, at + of.euid),
    loginUid: u32At(bytes, at + of.login_uid),
    capEffective: u64At(bytes, at + of.cap_effective),
    mntNs: u32At(bytes, at + of.mnt_ns),
    pidNs: u32At(bytes, at + of.pid_ns),
    netNs: u32At(bytes, at + of.net_ns),
    cgroupIdV2: u64At(bytes, at + of.cgroup_id_v2),
    cgroupIdV1: u64At(bytes, at + of.cgroup_id_v1),
    comm: terminatedText(bytes, at + of.comm, 16),
  };
}

function terminatedText(bytes: Buffer, at: number, lengthMax: number): string {
  let end = at;
  while (end < at + lengthMax && bytes[end] !== 0) end++;
  return bytes.toString("utf8", at, end);
}

function execFrom(kind: "exec" | "snapshot", bytes: Buffer, at: number, end: number, base: Base) {
  if (end - at < sizes.exec_record) return undefined;
  const { exec_record: of } = layout;
  const filenameAt = at + sizes.exec_record;
  const interpreterAt = filenameAt + bytes.readUInt16LE(at + of.filename_length);
  const exeAt = interpreterAt + bytes.readUInt16LE(at + of.interpreter_length);
  const cwdAt = exeAt + bytes.readUInt16LE(at + of.exe_length);
  const headAt = cwdAt + bytes.readUInt16LE(at + of.cwd_length);
  const headLength = bytes.readUInt16LE(at + of.args_head_length);
  const tailLength = bytes.readUInt16LE(at + of.args_tail_length);
  const tailAt = headAt + headLength;
  if (tailAt + tailLength !== end) return undefined;
  const flags = u32At(bytes, at + of.flags);
  const argsBytesTotal = u32At(bytes, at + of.args_total);
  const taken = headLength + tailLength;
  return {
    kind,
    ...base,
    filename: bytes.toString("utf8", filenameAt, interpreterAt),
    interpreter: bytes.toString("utf8", interpreterAt, exeAt),
    exePath: bytes.toString("utf8", exeAt, cwdAt),
    cwd: bytes.toString("utf8", cwdAt, headAt),
    argv: argvFrom(bytes, headAt, tailAt, end, taken < argsBytesTotal),
    argc: u32At(bytes, at + of.argc),
    argsBytesTotal,
    argsTruncated: taken < argsBytesTotal,
    exeInode: u64At(bytes, at + of.inode),
    exeDevice: u32At(bytes, at + of.device),
    exeMode: u32At(bytes, at + of.mode),
    exeUpperLayer: (flags & recordFlag.upperLayer) !== 0,
    exeMemfd: (flags & recordFlag.memfd) !== 0,
    exeDeleted: (flags & recordFlag.deleted) !== 0,
  };
}

/** Arguments end with a NUL each. Where the middle was cut, "…" stands for it, between the head's and the tail's. */
function argvFrom(bytes: Buffer, headAt: number, tailAt: number, end: number, cut: boolean): string[] {
  const hasGap = cut && tailAt < end;
  const argv = split(bytes.toString("utf8", headAt, hasGap ? tailAt : end));
  if (!hasGap) return argv;
  return [...argv, "…", ...split(bytes.toString("utf8", tailAt, end))];
}

function split(text: string): string[] {
  if (text === "") return [];
  return (text.endsWith("\0") ? text.slice(0, -1) : text).split("\0");
}

function execFailedFrom(bytes: Buffer, at: number, end: number, base: Base): KernelRecord | undefined {
  const { exec_failed_record: of } = layout;
  const from = at + sizes.exec_failed_record;
  if (end < from || from + bytes.readUInt16LE(at + of.filename_length) !== end) return undefined;
  const error = bytes.readInt32LE(at + of.error);
  return { kind: "exec_failed", ...base, filename: bytes.toString("utf8", from, end), error };
}

function exitFrom(bytes: Buffer, at: number, end: number, base: Base): KernelRecord | undefined {
  if (end - at !== sizes.exit_record) return undefined;
  const { exit_record: of } = layout;
  return {
    kind: "exit",
    ...base,
    exitCode: u32At(bytes, at + of.code),
    exitSignal: u32At(bytes, at + of.signal),
  };
}

function namespaceFrom(bytes: Buffer, at: number, end: number, base: Base): KernelRecord | undefined {
  if (end - at !== sizes.namespace_record) return undefined;
  return { kind: "namespace", ...base, cloneFlags: u64At(bytes, at + layout.namespace_record.clone_flags) };
}

function cgroupFrom(bytes: Buffer, at: number, end: number, base: Base): KernelRecord | undefined {
  const { cgroup_record: of } = layout;
  const from = at + sizes.cgroup_record;
  if (end < from || from + bytes.readUInt16LE(at + of.path_length) !== end) return undefined;
  return {
    kind: "cgroup_mkdir",
    ...base,
    cgroupId: u64At(bytes, at + of.cgroup_id),
    version: u32At(bytes, at + of.version) === 2 ? 2 : 1,
    path: bytes.toString("utf8", from, end),
  };
}

function openFrom(kind: OpenRecord["kind"], bytes: Buffer, at: number, end: number, base: Base) {
  const { open_record: of } = layout;
  const baseAt = at + sizes.open_record;
  if (end < baseAt) return undefined;
  const pathAt = baseAt + bytes.readUInt16LE(at + of.base_length);
  if (pathAt + bytes.readUInt16LE(at + of.path_length) !== end) return undefined;
  const flags = u32At(bytes, at + of.flags);
  const path = bytes.toString("utf8", pathAt, end);
  return {
    kind,
    ...base,
    path: pathAt === baseAt ? path : join(bytes.toString("utf8", baseAt, pathAt), path),
    openFlags: u32At(bytes, at + of.open_flags),
    created: (flags & recordFlag.created) !== 0,
    inode: u64At(bytes, at + of.inode),
    device: u32At(bytes, at + of.device),
    upperLayer: (flags & recordFlag.upperLayer) !== 0,
    error: bytes.readInt32LE(at + of.error),
    pathTrusted: (flags & recordFlag.pathTrusted) !== 0,
  };
}

function join(folder: string, path: string): string {
  return folder.endsWith("/") ? `${folder}${path}` : `${folder}/${path}`;
}

function connectFrom(kind: ConnectRecord["kind"], bytes: Buffer, at: number, end: number, base: Base) {
  if (end - at !== sizes.connect_record) return undefined;
  const { connect_record: of } = layout;
  const family = bytes.readUInt8(at + of.family);
  return {
    kind,
    ...base,
    protocol: protocolOf(bytes.readUInt8(at + of.protocol)),
    srcIp: ipText(bytes, at + of.source, family),
    srcPort: bytes.readUInt16LE(at + of.source_port),
    dstIp: ipText(bytes, at + of.destination, family),
    dstPort: bytes.readUInt16LE(at + of.destination_port),
  };
}

function protocolOf(number: number): ConnectRecord["protocol"] {
  if (number === 6) return "tcp";
  return number === 17 ? "udp" : "other";
}
