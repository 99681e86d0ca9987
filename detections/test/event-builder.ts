import {
  blankEvent,
  type DnsEvent,
  type FileEvent,
  type NetworkEvent,
  type ProcessEvent,
  type SyscallEvent,
} from "@atalaya/wire";

// Events as the sensor makes them, for tests of rules that need no kernel: a bare runc container, whose image and pod
// are unknown, with a web server that runs PHP.

/** A process: its arguments, and above all where it comes from. The nearest ancestor stands first. */
export type Task = {
  argv: readonly string[];
  /** The resolved executable; default /usr/bin/NAME. */
  exe?: string;
  /** The kernel's name; default the last part of argv[0]. */
  name?: string;
  parents?: readonly Task[];
  /** Not from the image: written after the start, or in memory. */
  upper?: boolean;
  memory?: boolean;
  /** On a volume. */
  volume?: boolean;
  /** Started before its process came into the container. */
  outside?: boolean;
  /** What the runtime gave way to; default what the runtime is the parent of. */
  first?: boolean;
  nsPid?: number;
  pid?: number;
  tty?: number;
  uid?: number;
  cwd?: string;
  container?: string;
};

export const nginx: Task = { argv: ["nginx: worker process"], name: "nginx", exe: "/usr/sbin/nginx" };
export const fpmMaster: Task = {
  argv: ["php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)"],
  name: "php-fpm8.2",
  exe: "/usr/sbin/php-fpm8.2",
};
export const fpmWorker: Task = { ...fpmMaster, argv: ["php-fpm: pool www"] };
/** The shell that the web shell page starts, and the shell that reads the decoded script. */
export const webShell: Task = { argv: ["sh", "-c", "echo aWQK| base64 -d| bash"], exe: "/usr/bin/dash" };
export const scriptShell: Task = { argv: ["bash"], exe: "/usr/bin/bash" };
export const runc: Task = { argv: ["runc", "exec", "victim"], exe: "/usr/sbin/runc" };
export const shim: Task = { argv: ["/usr/bin/containerd-shim-runc-v2"], name: "containerd-shim" };
/** Above whatever the attack of the simulation runs: php-fpm, sh -c, bash with the script on its standard input. */
export const attack: readonly Task[] = [scriptShell, webShell, fpmWorker, fpmMaster, shim];

const container = "9a4f6f1d0c5e4b7a8d2c3b1e0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f10";
let clock = 1_764_000_000_000_000;
let pids = 4_000;

const nameOf = (task: Task): string => (task.name ?? task.argv[0]?.split("/").at(-1) ?? "").slice(0, 15);
const exeOf = (task: Task): string => task.exe ?? `/usr/bin/${nameOf(task)}`;

function actorOf(task: Task): Partial<SyscallEvent> {
  const parents = task.parents ?? attack;
  clock += 1_000;
  const pid = task.pid ?? ++pids;
  return {
    time_us: clock,
    position: clock - 1_764_000_000_000_000,
    pid,
    tid: pid,
    start_us: pid * 1_000,
    exec_us: pid * 1_000 + 10,
    ppid: 3_000,
    parent_start_us: 2_000_000,
    ns_pid: task.nsPid ?? 57,
    session_id: 1,
    tty: task.tty ?? 0,
    uid: task.uid ?? 33,
    gid: task.uid ?? 33,
    euid: task.uid ?? 33,
    login_uid: 4_294_967_295,
    cap_effective: 0,
    name: nameOf(task),
    exe_path: exeOf(task),
    cwd: task.cwd ?? "/var/www/html",
    argv: task.argv,
    exe_upper_layer: task.upper ?? false,
    exe_memfd: task.memory ?? false,
    exe_deleted: false,
    exe_origin: task.memory ? "memory" : task.upper ? "upper" : task.volume ? "volume" : "image",
    started_outside: task.outside ?? null,
    ancestor_pids: parents.map((_, index) => 3_000 - index),
    ancestor_starts_us: parents.map((_, index) => 2_000_000 - index),
    ancestor_names: parents.map(nameOf),
    ancestor_exe_paths: parents.map(exeOf),
    ancestor_cmdlines: parents.map((parent) => parent.argv.join(" ")),
    container_id: task.container ?? container,
    container_runtime: "runc",
    container_bundle: "/run/atalaya/victim",
    container_reason: "the bundle has no annotations",
  };
}

/** The process started a program. */
export function exec(task: Task): ProcessEvent {
  const filename = task.argv[0]?.startsWith("/") ? task.argv[0] : exeOf(task);
  const own = {
    activity: "exec" as const,
    filename,
    interpreter: filename,
    argc: task.argv.length,
    path_trusted: true,
    first_inside: task.first ?? [runc, shim].some((one) => one === task.parents?.[0]),
  };
  return { ...blankEvent("process"), ...(actorOf(task) as Partial<ProcessEvent>), ...own };
}

/** The kernel refused to start a program; the process is still the caller. */
export function execRefused(caller: Task, filename: string, error = -2): ProcessEvent {
  const own = { activity: "exec_failed" as const, filename, error, path_trusted: false };
  return { ...blankEvent("process"), ...(actorOf(caller) as Partial<ProcessEvent>), ...own };
}

export const openFlags = { read: 0, write: 1, create: 0o100, cloexec: 0o2000000 } as const;

/** The process opened a file, or (with a negative errno) was refused. */
export function open(task: Task, path: string, flags: number = openFlags.read, error = 0): FileEvent {
  const own = {
    activity: error < 0 ? ("open_failed" as const) : ("open" as const),
    path,
    open_flags: flags,
    created: false,
    path_trusted: error === 0,
    ...(error < 0 ? { error } : { inode: 1_234, device: 27, upper_layer: false }),
  };
  return { ...blankEvent("file"), ...(actorOf(task) as Partial<FileEvent>), ...own };
}

/** The process connected to an address. */
export function connect(task: Task, address: string, port: number, protocol: "tcp" | "udp" = "tcp"): NetworkEvent {
  const own = {
    activity: "connect" as const,
    protocol,
    src_ip: "10.88.0.2",
    src_port: 41_000,
    dst_ip: address,
    dst_port: port,
  };
  return { ...blankEvent("network"), ...(actorOf(task) as Partial<NetworkEvent>), ...own };
}

/** The process asked a name server. */
export function question(task: Task, query: string, type = 1): DnsEvent {
  const own = {
    activity: "query" as const,
    query,
    query_type: type,
    dst_ip: "10.96.0.10",
    dst_port: 53,
    protocol: "udp" as const,
  };
  return { ...blankEvent("dns"), ...(actorOf(task) as Partial<DnsEvent>), ...own };
}
