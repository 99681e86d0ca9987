// Where no task iterator loads: the same records from /proc. Processes that end meanwhile are left out.
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import type { ExecRecord, KernelRecord, Task } from "../kernel-record.ts";
import { kernelLimits } from "./kernel-limits.ts";

/** /proc counts in ticks of USER_HZ, which is 100 on every architecture we run on. */
export const microsecondsPerTick = 10_000;

/** Every process of user space, from /proc. Start times have a resolution of 10 ms there. */
export function procSnapshot(): KernelRecord[] {
  const ids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const bootUs = Math.round(Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1e6);
  const startUsOf = new Map<number, number>();
  const records: ExecRecord[] = [];
  for (const id of ids.slice(0, kernelLimits.snapshotProcessesMax)) {
    const record = attempt(() => processOf(Number(id), bootUs));
    if (record === undefined) continue;
    startUsOf.set(record.task.pid, record.task.startUs);
    records.push(record);
  }
  for (const { task } of records) task.parentStartUs = startUsOf.get(task.ppid) ?? 0;
  return records;
}

/** When a process started, in hundredths of a second since boot; undefined when it is gone. */
export function startTicks(pid: number): number | undefined {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  return stat === undefined ? undefined : statField(stat, 22);
}

/** The arguments of a process as it shows them now; empty when it is gone. */
export function procArguments(pid: number): string[] {
  const text =
    attempt(() => readFileSync(`/proc/${pid}/cmdline`, "utf8").slice(0, kernelLimits.procFileBytesMax)) ?? "";
  if (text === "") return [];
  return (text.endsWith("\0") ? text.slice(0, -1) : text).split("\0");
}

function processOf(pid: number, bootUs: number): ExecRecord | undefined {
  const link = readlinkSync(`/proc/${pid}/exe`); // kernel threads have none
  const deleted = link.endsWith(" (deleted)");
  const exePath = deleted ? link.slice(0, -" (deleted)".length) : link;
  const exe = attempt(() => statSync(`/proc/${pid}/exe`));
  const argv = procArguments(pid);
  const memfd = exePath.startsWith("/memfd:");
  return {
    kind: "snapshot",
    position: 0,
    ring: "lifecycle",
    bootUs,
    task: taskOf(pid),
    filename: "",
    interpreter: "",
    exePath,
    cwd: attempt(() => readlinkSync(`/proc/${pid}/cwd`)) ?? "",
    argv,
    argc: argv.length,
    argsBytesTotal: argv.reduce((sum, argument) => sum + Buffer.byteLength(argument) + 1, 0),
    argsTruncated: false,
    exeInode: exe?.ino ?? 0,
    exeDevice: exe?.dev ?? 0,
    exeMode: exe?.mode ?? 0,
    exeUpperLayer: false,
    exeMemfd: memfd,
    exeDeleted: deleted && !memfd,
    exeOverlay: false,
    exeVolume: false,
    lower: null,
    ...standingOf(pid),
  };
}

function standingOf(pid: number): Pick<ExecRecord, "capPermitted" | "nsPgid"> {
  const status = statusOf(pid);
  const group = Number(status.get("NSpgid")?.split(/\s+/).at(-1));
  return {
    capPermitted: Number.parseInt(status.get("CapPrm") ?? "0", 16),
    nsPgid: Number.isSafeInteger(group) ? group : null,
  };
}

function taskOf(pid: number): Task {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const end = stat.lastIndexOf(")");
  const field = (number: number): number => statField(stat, number);
  const status = statusOf(pid);
  const list = (name: string): number[] => (status.get(name) ?? "").split(/\s+/).map(Number);
  const cgroups = cgroupIdsOf(pid);
  return {
    pid,
    tid: pid,
    startUs: field(22) * microsecondsPerTick,
    ppid: field(4),
    parentStartUs: 0,
    nsPid: list("NSpid").at(-1) ?? pid,
    sessionId: field(6),
    tty: field(7),
    uid: list("Uid")[0] ?? 0,
    gid: list("Gid")[0] ?? 0,
    euid: list("Uid")[1] ?? 0,
    loginUid: Number(attempt(() => readFileSync(`/proc/${pid}/loginuid`, "utf8")) ?? 0xffffffff),
    capEffective: Number.parseInt(status.get("CapEff") ?? "0", 16),
    mntNs: namespaceOf(pid, "mnt"),
    pidNs: namespaceOf(pid, "pid"),
    netNs: namespaceOf(pid, "net"),
    cgroupIdV2: cgroups.v2,
    cgroupIdV1: cgroups.v1,
    comm: stat.slice(stat.indexOf("(") + 1, end),
  };
}

/** A number of /proc/PID/stat. The name may hold spaces and brackets: the numbers begin after the last, with field 3. */
function statField(stat: string, number: number): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[number - 3] ?? 0);
}

function statusOf(pid: number): Map<string, string> {
  const lines = readFileSync(`/proc/${pid}/status`, "utf8").split("\n");
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]));
}

function namespaceOf(pid: number, name: string): number {
  const link = attempt(() => readlinkSync(`/proc/${pid}/ns/${name}`)) ?? "";
  return Number(/\[(\d+)\]/.exec(link)?.[1] ?? 0);
}

/** The id of a cgroup is the inode of its directory. */
function cgroupIdsOf(pid: number): { v1: number; v2: number } {
  const ids = { v1: 0, v2: 1 };
  for (const line of readFileSync(`/proc/${pid}/cgroup`, "utf8").split("\n")) {
    const [hierarchy, controllers = "", ...rest] = line.split(":");
    const path = rest.join(":");
    const inode = (root: string): number | undefined => attempt(() => statSync(`${root}${path}`).ino);
    if (hierarchy === "0") ids.v2 = inode("/sys/fs/cgroup/unified") ?? inode("/sys/fs/cgroup") ?? 1;
    else if (controllers.split(",").includes("memory")) ids.v1 = inode("/sys/fs/cgroup/memory") ?? 0;
  }
  return ids;
}

/** A process may end between two reads: that is no error. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
