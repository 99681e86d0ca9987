import { namespaceFlags } from "@atalaya/wire";
import { streamKindOf } from "./kernel/decode-socket.ts";
import type { CallRecord, WatchRecord } from "./kernel-record.ts";
import { mountChangeText } from "./mount-change.ts";
import { redactedMark, redactText } from "./redact.ts";

// What a rare call was about, out of its raw arguments.

/** include/uapi/linux/ptrace.h, and the x86 and arm64 ones for registers. */
const traceRequests: Readonly<Record<number, string>> = {
  0: "PTRACE_TRACEME",
  4: "PTRACE_POKETEXT",
  5: "PTRACE_POKEDATA",
  6: "PTRACE_POKEUSR",
  13: "PTRACE_SETREGS",
  15: "PTRACE_SETFPREGS",
  16: "PTRACE_ATTACH",
  16901: "PTRACE_SETREGSET",
  16902: "PTRACE_SEIZE",
};

/** enum bpf_cmd. */
const bpfCommands: Readonly<Record<number, string>> = {
  2: "BPF_MAP_UPDATE_ELEM",
  3: "BPF_MAP_DELETE_ELEM",
  5: "BPF_PROG_LOAD",
  7: "BPF_OBJ_GET",
  8: "BPF_PROG_ATTACH",
  13: "BPF_PROG_GET_FD_BY_ID",
  14: "BPF_MAP_GET_FD_BY_ID",
  17: "BPF_RAW_TRACEPOINT_OPEN",
  21: "BPF_MAP_LOOKUP_AND_DELETE_ELEM",
  22: "BPF_MAP_FREEZE",
  25: "BPF_MAP_LOOKUP_AND_DELETE_BATCH",
  26: "BPF_MAP_UPDATE_BATCH",
  27: "BPF_MAP_DELETE_BATCH",
  28: "BPF_LINK_CREATE",
  29: "BPF_LINK_UPDATE",
  30: "BPF_LINK_GET_FD_BY_ID",
  34: "BPF_LINK_DETACH",
};

/** By number; those above are real-time signals. Of signals to others only those that end, stop or wake are reported. */
const signals: readonly string[] = (
  " HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU " +
  "XFSZ VTALRM PROF WINCH IO PWR SYS"
).split(" ");

/** include/uapi/linux/keyctl.h */
const keyCommands: readonly string[] = (
  "GET_KEYRING_ID JOIN_SESSION_KEYRING UPDATE REVOKE CHOWN SETPERM DESCRIBE CLEAR LINK UNLINK SEARCH READ INSTANTIATE NEGATE " +
  "SET_REQKEY_KEYRING SET_TIMEOUT ASSUME_AUTHORITY GET_SECURITY SESSION_TO_PARENT REJECT INSTANTIATE_IOV INVALIDATE " +
  "GET_PERSISTENT DH_COMPUTE PKEY_QUERY PKEY_ENCRYPT PKEY_DECRYPT PKEY_SIGN PKEY_VERIFY RESTRICT_KEYRING MOVE " +
  "CAPABILITIES WATCH_KEY"
).split(" ");

const low32 = (value: number | undefined): number => (value ?? 0) % 2 ** 32;

/** Of flags that name no namespace (setns may leave them out) "0". */
function namespaces(flags: number): string {
  const names = namespaceFlags.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
  return names.length === 0 ? "0" : names.join("|");
}

/** Undefined where the call says nothing but that it was made. A path or name comes without its secrets. */
export function targetOf(record: CallRecord): string | undefined {
  const [first, second, third] = record.arguments;
  switch (record.call) {
    case "kill":
    case "tkill":
    case "pidfd_send_signal":
      return signalName(low32(second));
    case "tgkill":
      return signalName(low32(third));
    case "keyctl":
      return keyCommand(low32(first));
    case "ptrace":
      return traceRequests[first ?? -1] ?? String(first);
    case "bpf":
      return bpfCommand(low32(first));
    case "setns":
      return namespaces(low32(second));
    case "unshare":
      return namespaces(low32(first));
    case "setuid":
    case "setgid":
      return String(low32(first));
    case "setresuid":
    case "setresgid":
      // What the caller takes up now; 4294967295 leaves it as it was.
      return String(low32(second));
    case "pidfd_getfd":
      return descriptorTaken(record);
    default:
      return record.text === undefined ? undefined : redactText(record.text);
  }
}

function signalName(number: number): string {
  const name = signals[number] ?? "";
  return name === "" ? String(number) : `SIG${name}`;
}

const bpfCommand = (number: number): string => bpfCommands[number] ?? String(number);

/** What was done to the sensor: the signal, or the command of bpf(2). */
export const deedOf = ({ kind, number }: WatchRecord): string =>
  kind === "sensor_signal" ? signalName(number) : bpfCommand(number);

function keyCommand(number: number): string {
  const name = keyCommands[number];
  return name === undefined ? String(number) : `KEYCTL_${name}`;
}

/** Of fsconfig the device or the server's path that it sets, without secrets; of mount_setattr what it changes. */
export function targetObjectOf({ source, mountChange }: CallRecord): string | undefined {
  return mountChange === undefined ? source && redactText(withoutPassword(source)) : mountChangeText(mountChange);
}

/** `//user:secret@server/share`, `user%secret@server:/path`: without a scheme nothing else says that it is a secret. */
const withoutPassword = (source: string): string =>
  source.replace(/^((?:[A-Za-z0-9+.-]{1,20}:)?(?:\/\/)?[^/:%@]{1,255}[:%])[^/]{1,4096}@/, `$1${redactedMark}@`);

const byFirst: ReadonlySet<string> = new Set([
  ...["process_vm_readv", "process_vm_writev", "kill", "tkill", "tgkill"],
  "proc_mem_open",
]);

/** Of those that name another process by its id: the id in the caller's own namespace; of a descriptor's, the node's. */
export function targetPidOf({ call, arguments: [first, second, , , fifth] }: CallRecord): number | undefined {
  if (call === "pidfd_send_signal" || call === "pidfd_getfd") return low32(fifth) > 0 ? low32(fifth) : undefined;
  if (call === "ptrace") return first === 0 ? undefined : low32(second);
  if (!byFirst.has(call)) return undefined;
  const pid = low32(first);
  // Zero and below are groups of processes.
  return pid > 0 && pid < 2 ** 31 ? pid : undefined;
}

/** The same as the node numbers it; undefined where that is not known (of a caller in a namespace of its own). */
export function nodePidOf(record: CallRecord): number | undefined {
  if (record.call === "proc_mem_open") return record.arguments[1];
  const isOfNode = record.call.startsWith("pidfd_") || record.task.nsPid === record.task.pid;
  return isOfNode ? targetPidOf(record) : undefined;
}

/** Of a file or folder its path, of the rest what it is: ipv4, unix, pipe, tty, ... */
function descriptorTaken({ text, arguments: [, , , kind] }: CallRecord): string | undefined {
  const name = streamKindOf(kind ?? 0);
  return name === undefined || name === "file" || name === "directory" ? text && redactText(text) : name;
}
