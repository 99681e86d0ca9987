import type { Task } from "../kernel-record.ts";
import { layout } from "./layout.ts";
import { type RecordBytes, textAt, u32At, u64At } from "./record-bytes.ts";

const of = layout.record_task;
const commBytes = 16;

/** Names of tasks repeat: each slot keeps the last name that fell into it, with its four words. */
const slots = 1024;
const seen = new Uint32Array(slots * 4);
const names: string[] = new Array<string>(slots).fill("");

/** The task at `at`, a multiple of 8. */
export function taskAt(from: RecordBytes, at: number): Task {
  return {
    pid: u32At(from, at + of.pid),
    tid: u32At(from, at + of.tid),
    startUs: u64At(from, at + of.start_us),
    ppid: u32At(from, at + of.ppid),
    parentStartUs: u64At(from, at + of.parent_start_us),
    nsPid: u32At(from, at + of.ns_pid),
    sessionId: u32At(from, at + of.session_id),
    tty: u32At(from, at + of.tty),
    uid: u32At(from, at + of.uid),
    gid: u32At(from, at + of.gid),
    euid: u32At(from, at + of.euid),
    loginUid: u32At(from, at + of.login_uid),
    capEffective: u64At(from, at + of.cap_effective),
    mntNs: u32At(from, at + of.mnt_ns),
    pidNs: u32At(from, at + of.pid_ns),
    netNs: u32At(from, at + of.net_ns),
    cgroupIdV2: u64At(from, at + of.cgroup_id_v2),
    cgroupIdV1: u64At(from, at + of.cgroup_id_v1),
    comm: commAt(from, at + of.comm),
  };
}

function commAt(from: RecordBytes, at: number): string {
  const [a, b, c, d] = [u32At(from, at), u32At(from, at + 4), u32At(from, at + 8), u32At(from, at + 12)];
  const slot = (Math.imul(a ^ Math.imul(b, 31) ^ Math.imul(c, 131) ^ d, 0x9e3779b1) >>> 22) & (slots - 1);
  const key = slot * 4;
  if (seen[key] === a && seen[key + 1] === b && seen[key + 2] === c && seen[key + 3] === d) return names[slot] ?? "";
  let end = at;
  while (end < at + commBytes && from.bytes[end] !== 0) end++;
  const name = textAt(from, at, end);
  seen.set([a, b, c, d], key);
  names[slot] = name;
  return name;
}
