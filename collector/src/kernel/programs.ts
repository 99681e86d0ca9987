// Every BPF program, where it is built, and what it hangs on.
import { existsSync } from "node:fs";
import { release } from "node:os";
import { changeCalls } from "../file-changes.ts";
import { rareCalls } from "../rare-calls.ts";

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
function atExit(object: string, call: string, suffix = ""): ProgramPlan {
  const plan = { object, program: `exit_${call}${suffix}`, attachment: { tracepoint: `syscalls/sys_exit_${call}` } };
  const since = youngCalls[call];
  const where = optionalCalls[call];
  const limits = { ...(since !== undefined && { since }), ...(where !== undefined && { where }) };
  return { ...plan, ...(onlyOnX64.has(call) && { onlyOn: "x64" }), ...limits };
}

const allPlans: readonly ProgramPlan[] = [
  { object: "life", program: "process_exec", attachment: "tracing" },
  { object: "life", program: "process_fork", attachment: "tracing" },
  { object: "life", program: "process_exit", attachment: "tracing" },
  { object: "life", program: "process_exit_by_count", attachment: "tracing", insteadOf: "process_exit" },
  { object: "life", program: "new_task", attachment: "tracing" },
  { object: "cgroup", program: "cgroup_made", attachment: "tracing" },
  ...openCalls.map((call) => atExit("open", call)),
  ...openCalls.map((call) => ({ ...atExit("open-slow", call, "_slow"), insteadOf: `exit_${call}` })),
  ...["mmap", "mprotect"].map((call) => atExit("map", call)),
  { object: "uring", program: "uring_submit", attachment: "tracing" },
  { object: "uring", program: "uring_submit_sqe", attachment: "tracing", insteadOf: "uring_submit" },
  { object: "uring", program: "uring_complete", attachment: "tracing" },
  ...["execve", "execveat"].map((call) => atExit("refused", call)),
  { object: "net", program: "connect4", attachment: "cgroup" },
  { object: "net", program: "connect6", attachment: "cgroup" },
  { object: "net", program: "sendmsg4", attachment: "cgroup" },
  { object: "net", program: "sendmsg6", attachment: "cgroup" },
  { object: "dns", program: "dns_egress", attachment: "cgroup" },
  { object: "dns-answer", program: "dns_ingress", attachment: "cgroup" },
  ...["dup", "dup2", "dup3", "fcntl"].map((call) => atExit("socket", call)),
  { object: "socket", program: "bind4", attachment: "cgroup" },
  { object: "socket", program: "bind6", attachment: "cgroup" },
  { object: "socket", program: "sock_listens", attachment: "tracing" },
  ...["accept", "accept4", "socket", "connect"].map((call) => atExit("socket", call)),
  ...rareCalls.map((call) => atExit("call", call)),
  ...changeCalls.map((call) => atExit("change", call)),
  { object: "iter", program: "snapshot_with_args", attachment: "iterator" },
  { object: "iter", program: "snapshot_without_args", attachment: "iterator", insteadOf: "snapshot_with_args" },
];

const [major = 0, minor = 0] = release().split(".").map(Number);

function isHere({ onlyOn, since, where }: ProgramPlan): boolean {
  const isThere = since === undefined || major > since[0] || (major === since[0] && minor >= since[1]);
  return isThere && (where === undefined || existsSync(where)) && (onlyOn === undefined || onlyOn === process.arch);
}

/** Those of this architecture and kernel. Each is tried alone, none is needed by another. */
export const programPlans: readonly ProgramPlan[] = allPlans.filter(isHere);
