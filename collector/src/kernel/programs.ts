// Every BPF program, where it is built, and what it hangs on.
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
};

const allPlans: readonly ProgramPlan[] = [
  { object: "life", program: "process_exec", attachment: "tracing" },
  { object: "life", program: "process_fork", attachment: "tracing" },
  { object: "life", program: "process_exit", attachment: "tracing" },
  { object: "life", program: "process_exit_by_count", attachment: "tracing", insteadOf: "process_exit" },
  { object: "life", program: "new_task", attachment: "tracing" },
  { object: "cgroup", program: "cgroup_made", attachment: "tracing" },
  { object: "open", program: "exit_open", attachment: { tracepoint: "syscalls/sys_exit_open" }, onlyOn: "x64" },
  { object: "open", program: "exit_creat", attachment: { tracepoint: "syscalls/sys_exit_creat" }, onlyOn: "x64" },
  { object: "open", program: "exit_openat", attachment: { tracepoint: "syscalls/sys_exit_openat" } },
  { object: "open", program: "exit_openat2", attachment: { tracepoint: "syscalls/sys_exit_openat2" } },
  {
    object: "open",
    program: "exit_open_by_handle_at",
    attachment: { tracepoint: "syscalls/sys_exit_open_by_handle_at" },
  },
  {
    object: "open-slow",
    program: "exit_open_slow",
    attachment: { tracepoint: "syscalls/sys_exit_open" },
    insteadOf: "exit_open",
    onlyOn: "x64",
  },
  {
    object: "open-slow",
    program: "exit_creat_slow",
    attachment: { tracepoint: "syscalls/sys_exit_creat" },
    insteadOf: "exit_creat",
    onlyOn: "x64",
  },
  {
    object: "open-slow",
    program: "exit_openat_slow",
    attachment: { tracepoint: "syscalls/sys_exit_openat" },
    insteadOf: "exit_openat",
  },
  {
    object: "open-slow",
    program: "exit_openat2_slow",
    attachment: { tracepoint: "syscalls/sys_exit_openat2" },
    insteadOf: "exit_openat2",
  },
  {
    object: "open-slow",
    program: "exit_open_by_handle_at_slow",
    attachment: { tracepoint: "syscalls/sys_exit_open_by_handle_at" },
    insteadOf: "exit_open_by_handle_at",
  },
  { object: "map", program: "exit_mmap", attachment: { tracepoint: "syscalls/sys_exit_mmap" } },
  { object: "map", program: "exit_mprotect", attachment: { tracepoint: "syscalls/sys_exit_mprotect" } },
  { object: "uring", program: "uring_submit", attachment: "tracing" },
  { object: "uring", program: "uring_submit_sqe", attachment: "tracing", insteadOf: "uring_submit" },
  { object: "uring", program: "uring_complete", attachment: "tracing" },
  { object: "refused", program: "exit_execve", attachment: { tracepoint: "syscalls/sys_exit_execve" } },
  { object: "refused", program: "exit_execveat", attachment: { tracepoint: "syscalls/sys_exit_execveat" } },
  { object: "net", program: "connect4", attachment: "cgroup" },
  { object: "net", program: "connect6", attachment: "cgroup" },
  { object: "net", program: "sendmsg4", attachment: "cgroup" },
  { object: "net", program: "sendmsg6", attachment: "cgroup" },
  { object: "dns", program: "dns_egress", attachment: "cgroup" },
  { object: "socket", program: "exit_dup", attachment: { tracepoint: "syscalls/sys_exit_dup" } },
  { object: "socket", program: "exit_dup2", attachment: { tracepoint: "syscalls/sys_exit_dup2" }, onlyOn: "x64" },
  { object: "socket", program: "exit_dup3", attachment: { tracepoint: "syscalls/sys_exit_dup3" } },
  { object: "socket", program: "exit_fcntl", attachment: { tracepoint: "syscalls/sys_exit_fcntl" } },
  { object: "socket", program: "bind4", attachment: "cgroup" },
  { object: "socket", program: "bind6", attachment: "cgroup" },
  { object: "socket", program: "sock_listens", attachment: "tracing" },
  { object: "socket", program: "exit_accept", attachment: { tracepoint: "syscalls/sys_exit_accept" } },
  { object: "socket", program: "exit_accept4", attachment: { tracepoint: "syscalls/sys_exit_accept4" } },
  { object: "socket", program: "exit_socket", attachment: { tracepoint: "syscalls/sys_exit_socket" } },
  { object: "socket", program: "exit_connect", attachment: { tracepoint: "syscalls/sys_exit_connect" } },
  ...rareCalls.map((call) => ({
    object: "call",
    program: `exit_${call}`,
    attachment: { tracepoint: `syscalls/sys_exit_${call}` },
  })),
  { object: "iter", program: "snapshot_with_args", attachment: "iterator" },
  { object: "iter", program: "snapshot_without_args", attachment: "iterator", insteadOf: "snapshot_with_args" },
];

/** Those of this architecture. Each is tried alone, none is needed by another. */
export const programPlans: readonly ProgramPlan[] = allPlans.filter(
  ({ onlyOn }) => onlyOn === undefined || onlyOn === process.arch,
);
