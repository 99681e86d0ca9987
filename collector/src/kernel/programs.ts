// Every BPF program, where it is built, and what it hangs on.
import { existsSync } from "node:fs";
import { release } from "node:os";
import { changeCalls } from "../file-changes.ts";
import { hookedCalls } from "../rare-calls.ts";
import { recorderWord } from "../recorder-word.ts";
import { hasBpfLsm } from "./bpf-lsm.ts";

export type Attachment = "tracing" | "cgroup" | "iterator" | { tracepoint: string };

export type ProgramPlan = {
  object: string;
  program: string;
  attachment: Attachment;
  /** Tried only where that one (earlier in the list) does not load. */
  insteadOf?: string;
  /** The architecture (as Node names it) that alone has the call: elsewhere nothing is missing. */
  onlyOn?: string;
  /** The kernel that brought the call: before, nothing is missing. */
  since?: readonly [major: number, minor: number];
  /** A file that is there where the kernel has the call: elsewhere nothing is missing. */
  where?: string;
  /** Only where the kernel asks BPF programs: elsewhere nothing is missing. */
  isLsm?: true;
  /** Words of which one must be asked for (asked-words.ts), else it hangs nowhere. Absent: it always hangs. */
  askedBy?: readonly string[];
};

const openCalls = ["open", "creat", "openat", "openat2", "open_by_handle_at"] as const;
/** Calls that arm64 never had. */
const onlyOnX64: ReadonlySet<string> = new Set([
  ...["open", "creat", "dup2"],
  ...["rename", "link", "symlink", "unlink", "mkdir", "rmdir", "chmod"],
]);

/** Calls that came later than the oldest kernel that we run on. */
const youngCalls: Readonly<Record<string, readonly [number, number]>> = {
  fchmodat2: [6, 6],
  mount_setattr: [5, 12],
};

/** Calls that a kernel is built with or without; with, there is this file. */
const optionalCalls: Readonly<Record<string, string>> = {
  ...{ init_module: "/proc/modules", finit_module: "/proc/modules", delete_module: "/proc/modules" },
  ...{ keyctl: "/proc/keys", add_key: "/proc/keys", request_key: "/proc/keys" },
};

/** The program at the exit of a system call. */
function atExit(object: string, call: string, { suffix = "", askedBy }: AtExit = {}): ProgramPlan {
  const plan = { object, program: `exit_${call}${suffix}`, attachment: { tracepoint: `syscalls/sys_exit_${call}` } };
  const since = youngCalls[call];
  const where = optionalCalls[call];
  const limits = { ...(since !== undefined && { since }), ...(where !== undefined && { where }) };
  const asked = askedBy === undefined ? {} : { askedBy };
  return { ...plan, ...(onlyOnX64.has(call) && { onlyOn: "x64" }), ...limits, ...asked };
}

type AtExit = { suffix?: string; askedBy?: readonly string[] };

/** Programs of one object and kind that the same words ask for. */
function asked(object: string, attachment: Attachment, programs: readonly string[], askedBy: string[]): ProgramPlan[] {
  return programs.map((program) => ({ object, program, attachment, askedBy }));
}

function askedAtExit(object: string, calls: readonly string[], askedBy: string[]): ProgramPlan[] {
  return calls.map((call) => atExit(object, call, { askedBy }));
}

const allPlans: readonly ProgramPlan[] = [
  { object: "life", program: "process_exec", attachment: "tracing" },
  { object: "life", program: "process_fork", attachment: "tracing" },
  { object: "life", program: "process_exit", attachment: "tracing" },
  { object: "life", program: "process_exit_by_count", attachment: "tracing", insteadOf: "process_exit" },
  { object: "life", program: "new_task", attachment: "tracing" },
  { object: "block", program: "refuse_exec", attachment: "tracing", isLsm: true },
  { object: "cgroup", program: "cgroup_made", attachment: "tracing" },
  ...asked("cgroup", "tracing", ["cgroup_moved"], ["cgroup_move"]),
  ...openCalls.map((call) => atExit("open", call)),
  ...openCalls.map((call) => ({ ...atExit("open-slow", call, { suffix: "_slow" }), insteadOf: `exit_${call}` })),
  { object: "uring", program: "uring_submit", attachment: "tracing" },
  { object: "uring", program: "uring_submit_sqe", attachment: "tracing", insteadOf: "uring_submit" },
  { object: "uring", program: "uring_complete", attachment: "tracing" },
  ...askedAtExit("map", ["mmap", "mprotect"], ["file.map"]),
  ...askedAtExit("refused", ["execve", "execveat"], ["process.exec_failed"]),
  // Whose the questions over a connection are is known by the connection; and whose it is that fails.
  ...asked(
    "net",
    "cgroup",
    ["connect4", "connect6"],
    ["network.connect", "dns_domains", "connect_failed", recorderWord],
  ),
  ...asked("net", "cgroup", ["sendmsg4", "sendmsg6"], ["network.send", recorderWord]),
  ...asked("net", "cgroup", ["recvmsg4", "recvmsg6"], ["receive"]),
  ...asked("failed", "tracing", ["connection_ends"], ["connect_failed", recorderWord]),
  atExit("failed", "connect", { suffix: "_failed", askedBy: ["connect_failed", recorderWord] }),
  ...asked("dns", "cgroup", ["dns_egress"], ["dns_domains"]),
  ...asked("dns-answer", "cgroup", ["dns_ingress"], ["dns_answer"]),
  ...askedAtExit("socket", ["dup", "dup2", "dup3", "fcntl"], ["dup"]),
  ...asked("socket", "cgroup", ["bind4", "bind6"], ["bind", recorderWord]),
  ...asked("socket", "tracing", ["sock_listens"], ["listen", recorderWord]),
  ...askedAtExit("socket", ["accept", "accept4"], ["accept"]),
  ...askedAtExit("socket", ["socket"], ["socket"]),
  ...askedAtExit("socket", ["connect"], ["unix_connect", "socket_names"]),
  ...hookedCalls.map((call) => atExit("call", call, { askedBy: [call] })),
  ...asked("watch", "tracing", ["sensor_signal"], ["sensor_signal"]),
  { ...atExit("watch", "bpf", { askedBy: ["sensor_bpf"] }), program: "sensor_bpf" },
  ...changeCalls.map(([call, askedBy]) => atExit("change", call, { askedBy })),
  { object: "iter", program: "snapshot_with_args", attachment: "iterator" },
  { object: "iter", program: "snapshot_without_args", attachment: "iterator", insteadOf: "snapshot_with_args" },
];

const [major = 0, minor = 0] = release().split(".").map(Number);

function isHere({ onlyOn, since, where, isLsm }: ProgramPlan): boolean {
  if (isLsm === true && !hasBpfLsm()) return false;
  const isThere = since === undefined || major > since[0] || (major === since[0] && minor >= since[1]);
  return isThere && (where === undefined || existsSync(where)) && (onlyOn === undefined || onlyOn === process.arch);
}

/** Those of this architecture and kernel. Each is tried alone, none is needed by another. */
export const programPlans: readonly ProgramPlan[] = allPlans.filter(isHere);
