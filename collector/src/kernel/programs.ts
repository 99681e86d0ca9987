// Every BPF program, where it is built, and what it hangs on.
import { existsSync } from "node:fs";
import { release } from "node:os";
import { changeCalls, namingCalls, watchedNamesWord } from "../file-changes.ts";
import { hookedCalls, otherCalls } from "../rare-calls.ts";
import { recorderWord } from "../recorder-word.ts";
import { hasBpfLsm } from "./bpf-lsm.ts";

/** `function`: at the end of one of the kernel's functions, which its object names. */
export type Attachment = "tracing" | "cgroup" | "iterator" | "function" | { tracepoint: string };

export type ProgramPlan = {
  object: string;
  program: string;
  attachment: Attachment;
  /** Tried only where that one (earlier in the list) does not load. */
  insteadOf?: string;
  /** Tried before that one, where the kernel lets programs hang at its functions. */
  ratherThan?: string;
  /** Of 32-bit calls on a 64-bit kernel: beside the others, and where the kernel has none nothing is missing. */
  is32Bit?: true;
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

/** Calls that 32-bit programs make by others. */
const onlyBy64Bit: ReadonlySet<string> = new Set(["mmap", "accept"]);

/** Calls that 32-bit programs may also make with numbers of 16 bits, and as what they are told. */
const shortIdCalls = [
  ...(["setuid", "setgid", "setresuid", "setresgid"] as const).map((call) => [call, call] as const),
  ...([
    ["setreuid", "setresuid"],
    ["setregid", "setresgid"],
  ] as const),
];

/** Calls that came later than the oldest kernel that we run on. */
const youngCalls: Readonly<Record<string, readonly [number, number]>> = {
  fchmodat2: [6, 6],
  mount_setattr: [5, 12],
  open_tree_attr: [6, 15],
};

/** Calls that a kernel is built with or without; with, there is this file. */
const optionalCalls: Readonly<Record<string, string>> = {
  ...{ init_module: "/proc/modules", finit_module: "/proc/modules", delete_module: "/proc/modules" },
  ...{ keyctl: "/proc/keys", add_key: "/proc/keys", request_key: "/proc/keys" },
};

type AtExit = { suffix?: string; askedBy?: readonly string[]; program?: string };

/** The program at the exit of a system call: at its function, where it can hang there, else at its tracepoint. */
function atExit(object: string, call: string, more: AtExit = {}): ProgramPlan[] {
  const { suffix = "", askedBy, program = `exit_${call}${suffix}` } = more;
  const since = youngCalls[call];
  const where = optionalCalls[call];
  const limits = {
    ...(onlyOnX64.has(call) && { onlyOn: "x64" }),
    ...(since !== undefined && { since }),
    ...(where !== undefined && { where }),
    ...(askedBy !== undefined && { askedBy }),
  };
  const functions = { object: `${object}-fexit`, program: `${program}_fexit`, attachment: "function" } as const;
  return [
    { ...functions, ratherThan: program, ...limits },
    { object, program, attachment: { tracepoint: `syscalls/sys_exit_${call}` }, ...limits },
    ...(onlyBy64Bit.has(call) ? [] : [at32BitExit(object, program, limits)]),
  ];
}

/** The program at the function of a 32-bit call. */
function at32BitExit(object: string, program: string, limits: Partial<ProgramPlan>): ProgramPlan {
  const plan = { object: `${object}-ia32`, program: `${program}_ia32`, attachment: "function" } as const;
  return { ...plan, ...limits, onlyOn: "x64", is32Bit: true };
}

/** Programs of one object and kind that the same words ask for. */
function asked(object: string, attachment: Attachment, programs: readonly string[], askedBy: string[]): ProgramPlan[] {
  return programs.map((program) => ({ object, program, attachment, askedBy }));
}

function askedAtExit(object: string, calls: readonly string[], askedBy: string[]): ProgramPlan[] {
  return calls.flatMap((call) => atExit(object, call, { askedBy }));
}

/** Calls that 32-bit programs alone have, by the calls that they are like. */
function onlyBy32Bit(object: string, programs: readonly string[], askedBy: string[]): ProgramPlan[] {
  return programs.map((program) => at32BitExit(object, program, { askedBy }));
}

/** An older kernel's forms, each tried where the newer one does not load. */
function slowOpens(): ProgramPlan[] {
  const openPlans = openCalls.flatMap((call) => atExit("open-slow", call, { suffix: "_slow" }));
  return openPlans.map(({ ratherThan, ...plan }) => {
    const fast = (program: string) => program.replace("_slow", "");
    return ratherThan === undefined
      ? { ...plan, insteadOf: fast(plan.program) }
      : { ...plan, ratherThan: fast(ratherThan) };
  });
}

const allPlans: readonly ProgramPlan[] = [
  { object: "life", program: "process_exec", attachment: "tracing" },
  { object: "life", program: "process_fork", attachment: "tracing" },
  { object: "life", program: "process_exit", attachment: "tracing" },
  { object: "life", program: "process_exit_by_count", attachment: "tracing", insteadOf: "process_exit" },
  { object: "life", program: "new_task", attachment: "tracing" },
  { object: "block", program: "refuse_exec", attachment: "tracing", isLsm: true },
  { object: "cgroup", program: "cgroup_made", attachment: "tracing" },
  { object: "cgroup", program: "cgroup_moved", attachment: "tracing" },
  ...openCalls.flatMap((call) => atExit("open", call)),
  ...slowOpens(),
  { object: "uring", program: "uring_submit", attachment: "tracing" },
  { object: "uring", program: "uring_submit_sqe", attachment: "tracing", insteadOf: "uring_submit" },
  { object: "uring", program: "uring_complete", attachment: "tracing" },
  ...askedAtExit("map", ["mmap", "mprotect"], ["file.map"]),
  ...onlyBy32Bit("map", ["exit_mmap", "exit_old_mmap"], ["file.map"]),
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
  ...atExit("failed", "connect", { suffix: "_failed", askedBy: ["connect_failed", recorderWord] }),
  ...onlyBy32Bit("failed", ["exit_socketcall_failed"], ["connect_failed", recorderWord]),
  ...asked("dns", "cgroup", ["dns_egress"], ["dns_domains"]),
  ...asked("dns-answer", "cgroup", ["dns_ingress"], ["dns_answer"]),
  ...askedAtExit("socket", ["dup", "dup2", "dup3", "fcntl"], ["dup"]),
  ...onlyBy32Bit("socket", ["exit_fcntl64"], ["dup"]),
  ...asked("socket", "cgroup", ["bind4", "bind6"], ["bind", recorderWord]),
  ...asked("socket", "tracing", ["sock_listens"], ["listen", recorderWord]),
  ...askedAtExit("socket", ["accept", "accept4"], ["accept"]),
  ...askedAtExit("socket", ["socket"], ["socket"]),
  ...askedAtExit("socket", ["connect"], ["unix_connect", "socket_names"]),
  ...onlyBy32Bit("socket", ["exit_socketcall"], ["accept", "socket", "unix_connect", "socket_names"]),
  ...hookedCalls.flatMap((call) => atExit("call", call, { askedBy: [call] })),
  ...askedAtExit("call", ["open_tree_attr"], ["open_tree", "mount_setattr"]),
  ...otherCalls.flatMap(([call, toldAs]) => atExit("call", call, { askedBy: [toldAs] })),
  ...shortIdCalls.flatMap(([call, toldAs]) => onlyBy32Bit("call", [`exit_${call}16`], [toldAs])),
  ...asked("watch", "tracing", ["sensor_signal"], ["sensor_signal"]),
  ...atExit("watch", "bpf", { askedBy: ["sensor_bpf"], program: "sensor_bpf" }),
  ...changeCalls.flatMap(([call, askedBy]) => atExit("change", call, { askedBy })),
  ...namingCalls.flatMap((call) => atExit("moved", call, { suffix: "_moved", askedBy: [watchedNamesWord] })),
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
