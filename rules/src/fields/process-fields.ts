import type { SyscallEvent } from "@atalaya/wire";
import type { FieldValue, Read } from "../event-view.ts";
import { absentField, actorField, boundField, type Field, processField } from "./field.ts";
import { capabilitySet } from "./flag-names.ts";

// Falco's `proc.*`, `user.*`, `group.*` and `thread.*` over the actor that every event of a process carries.

/** 4294967295: the audit system's "not set", which Falco shows as -1. */
const loginUnset = 4_294_967_295;

const argumentsOf = (event: SyscallEvent): string | null =>
  event.argv === null ? null : event.argv.slice(1).join(" ");

/** Falco's command line is the kernel's name and the arguments, not argv[0]. */
function commandLine(event: SyscallEvent): string | null {
  if (event.argv === null || event.name === null) return null;
  return event.argv.length < 2 ? event.name : `${event.name} ${argumentsOf(event)}`;
}

/** An ancestor's command line in Falco's form: argv[0] gives way to the name when it is a path to it. */
function ancestorCommandLine(event: SyscallEvent, index: number): string | undefined {
  const line = event.ancestor_cmdlines?.[index];
  const name = event.ancestor_names?.[index];
  if (line === undefined || name === undefined) return line;
  const end = line.indexOf(" ") < 0 ? line.length : line.indexOf(" ");
  const program = line.slice(line.lastIndexOf("/", end - 1) + 1, end);
  return program.slice(0, 15) === name ? name + line.slice(end) : line;
}

const nanosecondsOf = (us: number | null): number | null => (us === null ? null : us * 1_000);

/** How long the parent had lived. */
function parentsAge({ age_us: age, start_us: start, parent_start_us: parent }: SyscallEvent): number | null {
  return age === null || start === null || parent === null ? null : age + start - parent;
}

const firstWord = (line: string | undefined): string | undefined => line?.split(" ", 1)[0];

type Step = (event: SyscallEvent, index: number) => string | number | undefined;

/** `proc.aname[2]` is the grandparent, `[0]` the process itself; without an index any ancestor. */
function ancestorField(
  name: string,
  type: "string" | "number",
  self: (event: SyscallEvent) => FieldValue | null,
  step: Step,
) {
  return boundField(
    "syscall",
    name,
    type,
    (argument) => {
      if (argument === undefined) return (view) => allAncestors(view.event as SyscallEvent, step);
      const index = Number(argument);
      if (index === 0) return (view) => self(view.event as SyscallEvent) ?? undefined;
      return (view) => step(view.event as SyscallEvent, index - 1);
    },
    { shape: "ancestors", argument: "index" },
  );
}

function allAncestors(event: SyscallEvent, step: Step): FieldValue {
  const count = event.ancestor_names?.length ?? 0;
  if (count === 0) return undefined;
  const out: (string | number)[] = [];
  for (let i = 0; i < count; i++) {
    const value = step(event, i);
    if (value !== undefined) out.push(value);
  }
  return out.length === 0 ? undefined : out;
}

/**
 * Of an exec: `proc.env[LD_PRELOAD]` is that variable's value, without a name it is all that are told, `NAME=value` with
 * spaces between. Of one that is set more than once every value: some programs take the first, others the last.
 */
function environment(name: string | undefined): Read {
  const start = `${name}=`;
  return ({ event }) => {
    if (event?.class !== "process" || event.env === null) return undefined;
    if (name === undefined) return event.env.join(" ");
    const values = event.env.filter((variable) => variable.startsWith(start)).map((one) => one.slice(start.length));
    return values.length > 1 ? values : values[0];
  };
}

const parentCommandLine: Step = ancestorCommandLine;

export const processFields: readonly Field[] = [
  actorField("proc.name", "string", (event) => event.name),
  actorField("proc.exe", "string", (event) => event.argv?.[0] ?? null),
  actorField("proc.exepath", "string", (event) => event.exe_path),
  actorField("proc.args", "string", argumentsOf),
  actorField("proc.cmdline", "string", commandLine),
  actorField("proc.exeline", "string", (event) => event.argv?.join(" ") ?? null),
  actorField("proc.cmdnargs", "number", (event) => (event.argv === null ? null : Math.max(0, event.argv.length - 1))),
  actorField("proc.cmdlenargs", "number", (event) => argumentsOf(event)?.length ?? null),
  // Falco's working directory ends in a slash, and its rules compare with one.
  actorField("proc.cwd", "string", (event) =>
    event.cwd === null || event.cwd.endsWith("/") ? event.cwd : `${event.cwd}/`,
  ),
  actorField("proc.pid", "number", (event) => event.pid),
  actorField("thread.tid", "number", (event) => event.tid),
  actorField("proc.ppid", "number", (event) => event.ppid),
  actorField("proc.vpid", "number", (event) => event.ns_pid),
  actorField("proc.sid", "number", (event) => event.session_id),
  actorField("proc.tty", "number", (event) => event.tty),
  actorField("proc.pname", "string", (event) => event.ancestor_names?.[0] ?? null),
  actorField("proc.pexepath", "string", (event) => event.ancestor_exe_paths?.[0] ?? null),
  actorField("proc.pcmdline", "string", (event) => parentCommandLine(event, 0) ?? null),
  actorField("proc.pexe", "string", (event) => firstWord(event.ancestor_cmdlines?.[0]) ?? null),
  ancestorField(
    "proc.aname",
    "string",
    (event) => event.name,
    (event, i) => event.ancestor_names?.[i],
  ),
  ancestorField(
    "proc.apid",
    "number",
    (event) => event.pid,
    (event, i) => event.ancestor_pids?.[i],
  ),
  ancestorField(
    "proc.aexepath",
    "string",
    (event) => event.exe_path,
    (event, i) => event.ancestor_exe_paths?.[i],
  ),
  ancestorField(
    "proc.aexe",
    "string",
    (event) => event.argv?.[0] ?? null,
    (event, i) => firstWord(event.ancestor_cmdlines?.[i]),
  ),
  ancestorField("proc.acmdline", "string", commandLine, parentCommandLine),
  actorField("proc.is_exe_upper_layer", "boolean", (event) => event.exe_upper_layer),
  actorField("proc.is_exe_from_memfd", "boolean", (event) => event.exe_memfd),
  actorField("proc.exe_origin", "string", (event) => event.exe_origin),
  // Only of what is: who does not know it (an earlier sensor) leaves it out, too.
  actorField("proc.started_outside", "boolean", (event) => event.started_outside),
  processField("proc.script_origin", "string", (event) => event.script_origin),
  processField("proc.is_first_inside", "boolean", (event) => event.first_inside),
  processField(
    "proc.exec_verdict",
    "string",
    (event) => event.exec_verdict ?? (event.activity === "exec" ? "ran" : null),
  ),
  boundField("syscall", "proc.env", "string", environment, { shape: "sides", argument: "key", classes: ["process"] }),
  actorField("proc.is_exe_deleted", "boolean", (event) => event.exe_deleted),
  actorField("proc.pid.ts", "number", (event) => (event.start_us === null ? null : event.start_us * 1_000)),
  actorField("proc.duration", "number", (event) => nanosecondsOf(event.age_us)),
  actorField("proc.ppid.duration", "number", (event) => nanosecondsOf(parentsAge(event))),
  processField("proc.exe_ino", "number", (event) => event.exe_inode),
  processField("proc.stdin.type", "string", (event) => event.stdio?.[0] ?? null),
  processField("proc.stdout.type", "string", (event) => event.stdio?.[1] ?? null),
  processField("proc.stderr.type", "string", (event) => event.stdio?.[2] ?? null),
  actorField("thread.cap_effective", "string", (event) =>
    event.cap_effective === null ? null : capabilitySet(event.cap_effective),
  ),
  actorField(
    "thread.cap_permitted",
    "string",
    (event) => {
      const bits = event.class === "process" || event.class === "kernel" ? event.cap_permitted : null;
      return bits === null ? null : capabilitySet(bits);
    },
    { classes: ["process", "kernel"] },
  ),
  processField("proc.vpgid", "number", (event) => event.ns_pgid),
  processField("proc.is_vpgid_leader", "boolean", ({ ns_pgid: group, ns_pid: pid }) =>
    group === null || pid === null ? null : group === pid,
  ),
  actorField("user.uid", "number", (event) => event.uid),
  actorField("user.name", "string", (event) => event.user_name ?? (event.uid === 0 ? "root" : null)),
  actorField("user.euid", "number", (event) => event.euid),
  actorField("user.loginuid", "number", (event) => (event.login_uid === loginUnset ? -1 : event.login_uid)),
  actorField("group.gid", "number", (event) => event.gid),
  actorField("group.name", "string", (event) => (event.gid === 0 ? "root" : null)),
  absentField("user.loginname"),
  absentField("user.homedir"),
  absentField("user.shell"),
  absentField("proc.sname"),
  absentField("proc.sexe"),
  absentField("proc.sexepath"),
  absentField("proc.vpgid.name"),
  absentField("proc.vpgid.exe"),
  absentField("proc.vpgid.exepath"),
  absentField("proc.pgid", "number"),
  absentField("proc.pgid.name"),
  absentField("proc.sid.exe"),
  absentField("proc.sid.exepath"),
  absentField("proc.pvpid", "number"),
  absentField("proc.loginshellid", "number"),
  absentField("proc.aenv", "string", { argument: "key" }),
  absentField("proc.is_pgid_leader", "boolean"),
  absentField("proc.is_sid_leader", "boolean"),
  absentField("proc.is_exe_lower_layer", "boolean"),
  absentField("proc.is_exe_writable", "boolean"),
  absentField("proc.is_container_healthcheck", "boolean"),
  absentField("proc.is_container_liveness_probe", "boolean"),
  absentField("proc.is_container_readiness_probe", "boolean"),
  absentField("proc.exe_ino.ctime", "number"),
  absentField("proc.exe_ino.mtime", "number"),
  absentField("proc.exe_ino.ctime_duration_proc_start", "number"),
  absentField("proc.exe_ino.ctime_duration_pidns_start", "number"),
  absentField("proc.fdopencount", "number"),
  absentField("proc.nchilds", "number"),
  absentField("proc.nthreads", "number"),
  absentField("thread.cap_inheritable"),
  absentField("thread.ismain", "boolean"),
  absentField("thread.vtid", "number"),
];
