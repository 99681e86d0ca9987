import type { AtalayaEvent, FileEvent, KernelEvent } from "@atalaya/wire";
import { errnoName } from "./errno-names.ts";
import { eventTypes } from "./event-kinds.ts";
import {
  absentField,
  actorField,
  boundField,
  type Field,
  fileField,
  kernelField,
  networkField,
  processField,
} from "./field.ts";
import { argumentFilename, hasChangeField, isOpened } from "./file-change-fields.ts";
import { attributeNames, cloneFlagNames, openFlagNames, renameFlagNames } from "./flag-names.ts";
import { familyName } from "./socket-family.ts";
import { isoTime, timeOfDay } from "./time-text.ts";

// Falco's `evt.*`.

/**
 * What the call returned, as far as it is known: a refusal's error; of a success only that it was one (the descriptor's
 * number is not recorded: some number above zero). A connection is seen as it is tried, and counts as a
 * success; that it failed is an event of its own.
 */
function result(event: AtalayaEvent): number | null {
  if (event.class === "file") {
    if (!isOpened(event)) return event.error ?? 0;
    return event.activity === "open_failed" ? (event.error ?? null) : Number.POSITIVE_INFINITY;
  }
  if (event.class === "process") return event.activity === "exec_failed" ? (event.error ?? null) : 0;
  // How many bytes it had is not known.
  if (event.class === "network" && event.activity === "receive") return Number.POSITIVE_INFINITY;
  if (event.class === "network") return event.error ?? event.fd ?? 0;
  if (event.class === "kernel") return event.error ?? 0;
  return 0;
}

const opensFor =
  (access: readonly number[]) =>
  (event: AtalayaEvent): boolean | null => {
    if (event.class !== "file") return false;
    return event.open_flags === null ? null : access.includes(event.open_flags & 3);
  };

/** Whether an open made a file that somebody may execute. */
function createsExecutable(event: AtalayaEvent): boolean | null {
  if (event.class !== "file" || event.activity !== "open" || event.created === false) return false;
  return event.created === null || event.mode === null ? null : (event.mode & 0o111) !== 0;
}

function flags(event: AtalayaEvent): string | null {
  if (event.class === "file") return fileFlags(event);
  if (event.class === "kernel") return speaksOfNamespaces(event) ? event.target : null;
  if (event.class !== "process") return null;
  if (event.activity !== "exec") return event.clone_flags === null ? null : cloneFlagNames(event.clone_flags);
  const names = [event.exe_upper_layer ? "EXE_UPPER_LAYER" : "", event.exe_memfd ? "EXE_FROM_MEMFD" : ""];
  const known = names.filter((name) => name !== "");
  return known.length === 0 ? "0" : known.join("|");
}

function fileFlags({ activity, open_flags, change_flags }: FileEvent): string | null {
  if (change_flags === null) return open_flags === null ? null : openFlagNames(open_flags);
  if (activity === "chattr") return attributeNames(change_flags);
  return activity === "rename" ? renameFlagNames(change_flags) : null;
}

const absentArguments =
  "oldname newname euid fd dirfd res data addr size tuple exe args comm cwd signal res_or_fd loginuid".split(" ");

const ofCalls =
  (...calls: readonly string[]) =>
  (event: KernelEvent): string | null =>
    calls.includes(event.activity ?? "") ? event.target : null;

const speaksOfNamespaces = (event: KernelEvent): boolean => event.activity === "setns" || event.activity === "unshare";

/** Of an opened or removed file its path; of a call that names something, what it names. */
function argumentName(event: AtalayaEvent): string | null {
  if (event.class === "file") return isOpened(event) || hasChangeField(event, "evt.arg.name") ? event.path : null;
  return event.class === "kernel" && namesSomething.includes(event.activity ?? "") ? event.target : null;
}
const namesSomething = [
  "memfd_create",
  "umount",
  "delete_module",
  "add_key",
  "request_key",
  "fsopen",
  "finit_module",
  "proc_mem_open",
];

/** Names in `evt.arg.NAME` that events of ours carry; `evt.arg[NAME]` is the same. */
const carried: readonly Field[] = [
  actorField("evt.arg.flags", "string", flags, { classes: ["process", "file", "kernel"] }),
  actorField("evt.arg.filename", "string", argumentFilename, { classes: ["process", "file"] }),
  actorField("evt.arg.name", "string", argumentName, { classes: ["file", "kernel"] }),
  kernelField(
    "evt.arg.dir",
    "string",
    ofCalls("mount", "move_mount", "pivot_root", "chroot", "open_tree", "mount_setattr"),
  ),
  kernelField("evt.arg.nstype", "string", ofCalls("setns")),
  kernelField("evt.arg.request", "string", ofCalls("ptrace")),
  kernelField("evt.arg.cmd", "string", ofCalls("bpf", "keyctl", "sensor_bpf")),
  kernelField("evt.arg.sig", "string", ofCalls("kill", "tkill", "tgkill", "pidfd_send_signal", "sensor_signal")),
  kernelField("evt.arg.key", "string", ofCalls("fsconfig")),
  kernelField("evt.arg.uargs", "string", ofCalls("init_module")),
  kernelField("evt.arg.pid", "number", (event) => event.target_pid),
  kernelField("evt.arg.target_cmdline", "string", (event) => event.target_cmdline),
  kernelField("evt.arg.object", "string", (event) => event.target_object),
  kernelField("evt.arg.uid", "string", ofCalls("setuid", "setresuid")),
  kernelField("evt.arg.gid", "string", ofCalls("setgid", "setresgid")),
  networkField("evt.arg.domain", "string", (event) => familyName(event)),
  networkField("evt.arg.type", "string", (event) => known(event.socket?.[1])),
  networkField("evt.arg.proto", "string", (event) => known(event.socket?.[2])),
  processField("evt.arg.cgroup", "string", (event) => event.cgroup_path),
  processField("evt.arg.left_container", "boolean", (event) => event.left_container),
  processField("evt.arg.mover_pid", "number", (event) => event.mover_pid),
  processField("evt.arg.mover_cmdline", "string", (event) => event.mover_cmdline),
  processField("evt.arg.ret", "number", (event) => (event.activity === "exit" ? event.exit_code : null)),
];

const known = (value: number | undefined): string | null => (value === undefined ? null : String(value));

const both = (name: string, type: Field["type"], bind: Field["bind"]): Field =>
  boundField("both", name, type, bind, {});

export const eventFields: readonly Field[] = [
  actorField("evt.type", "string", (event) => eventTypes(event) ?? null, { shape: "sides" }),
  actorField("syscall.type", "string", (event) => eventTypes(event) ?? null, { shape: "sides" }),
  actorField("evt.rawres", "number", result),
  actorField("evt.res", "string", (event) => {
    const value = result(event);
    return value === null ? null : errnoName(value);
  }),
  actorField("evt.failed", "boolean", (event) => {
    const value = result(event);
    return value === null ? null : value < 0;
  }),
  actorField("evt.is_open_read", "boolean", opensFor([0, 2])),
  actorField("evt.is_open_write", "boolean", opensFor([1, 2])),
  fileField("evt.is_open_create", "boolean", (event) => event.created),
  actorField("evt.is_open_exec", "boolean", createsExecutable),
  // Only exits of calls are events, as in Falco since 0.42.
  actorField("evt.dir", "string", () => "<"),
  ...carried,
  ...absentArguments.map((name) => absentField(`evt.arg.${name}`)),
  both("evt.num", "number", () => (view) => view.number),
  both("evt.time", "string", () => (view) => timeOfDay(view.event?.time_us)),
  both("evt.time.s", "string", () => (view) => timeOfDay(view.event?.time_us)?.slice(0, 8)),
  both("evt.time.iso8601", "string", () => (view) => isoTime(view.event?.time_us)),
  both("evt.datetime", "string", () => (view) => isoTime(view.event?.time_us)?.slice(0, -1).replace("T", " ")),
  both("evt.rawtime", "string", () => (view) => nanoseconds(view.event?.time_us)),
  both("evt.source", "string", () => (view) => sourceOf(view.event)),
  absentField("evt.args"),
  absentField("evt.info"),
  absentField("evt.buffer"),
  absentField("evt.buflen", "number"),
  absentField("evt.hostname"),
  absentField("evt.cpu", "number"),
  absentField("evt.count", "number"),
  absentField("evt.category"),
  absentField("evt.is_io", "boolean"),
  absentField("evt.is_io_read", "boolean"),
  absentField("evt.is_io_write", "boolean"),
  absentField("evt.latency", "number"),
  absentField("evt.abspath", "string", { argument: "key" }),
  absentField("evt.pluginname"),
];

function sourceOf(event: AtalayaEvent | undefined): string {
  return event?.class === "api" ? "k8s_audit" : event?.class === "sensor" ? "sensor" : "syscall";
}

/** As text: nanoseconds since 1970 are beyond a JavaScript number's exact range. */
export function nanoseconds(timeUs: number | null | undefined): string | undefined {
  return timeUs === null || timeUs === undefined ? undefined : `${timeUs}000`;
}
