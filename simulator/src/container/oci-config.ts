// The container's config.json (OCI runtime specification 1.0.2), as Docker would write it for an ordinary container:
// its own namespaces, Docker's default capabilities and devices, no annotations.

export type BindMount = { source: string; target: string };

export type OciOptions = {
  id: string;
  rootfs: string;
  args: string[];
  env: string[];
  hostname: string;
  /** The path of a network namespace to join; a new and empty one when absent. */
  networkPath?: string | undefined;
  /** Read-only bind mounts. */
  binds: BindMount[];
  annotations: Record<string, string>;
  memoryBytes: number;
  processes: number;
};

/** Docker's default set (moby: daemon/pkg/oci/caps/defaults.go). */
const capabilities = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FSETID",
  "CAP_FOWNER",
  "CAP_MKNOD",
  "CAP_NET_RAW",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETFCAP",
  "CAP_SETPCAP",
  "CAP_NET_BIND_SERVICE",
  "CAP_SYS_CHROOT",
  "CAP_KILL",
  "CAP_AUDIT_WRITE",
];

const nothing = ["nosuid", "noexec", "nodev"];

const systemMounts = [
  { destination: "/proc", type: "proc", source: "proc", options: nothing },
  {
    destination: "/dev",
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
  },
  {
    destination: "/dev/pts",
    type: "devpts",
    source: "devpts",
    options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"],
  },
  { destination: "/dev/shm", type: "tmpfs", source: "shm", options: [...nothing, "mode=1777", "size=65536k"] },
  { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: nothing },
  { destination: "/sys", type: "sysfs", source: "sysfs", options: [...nothing, "ro"] },
];

/** The null, zero, full, tty, random and urandom devices, terminals, and no other. */
const devices = [
  { allow: false, access: "rwm" },
  ...[
    [1, 3],
    [1, 5],
    [1, 7],
    [5, 0],
    [1, 8],
    [1, 9],
    [5, 2],
  ].map(([major, minor]) => device(major, minor)),
  { allow: true, type: "c", major: 136, access: "rwm" },
];

const maskedPaths = [
  "/proc/acpi",
  "/proc/kcore",
  "/proc/keys",
  "/proc/timer_list",
  "/proc/sched_debug",
  "/sys/firmware",
];
const readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/** What stands in the container's config.json. */
export function ociConfig(options: OciOptions): object {
  const binds = options.binds.map(({ source, target }) => ({
    destination: target,
    type: "bind",
    source,
    options: ["rbind", "ro", ...nothing],
  }));
  const network =
    options.networkPath === undefined ? { type: "network" } : { type: "network", path: options.networkPath };
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: options.args,
      env: options.env,
      cwd: "/",
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      noNewPrivileges: false,
    },
    root: { path: options.rootfs, readonly: false },
    hostname: options.hostname,
    mounts: [...systemMounts, ...binds],
    annotations: options.annotations,
    linux: {
      cgroupsPath: cgroupPath(options.id),
      namespaces: [{ type: "pid" }, { type: "ipc" }, { type: "uts" }, { type: "mount" }, network],
      resources: { devices, memory: { limit: options.memoryBytes }, pids: { limit: options.processes } },
      maskedPaths,
      readonlyPaths,
    },
  };
}

/** The folder of cgroups that belongs to the simulation, in every hierarchy. */
export const cgroupParent = "atalaya-sim";

export function cgroupPath(id: string): string {
  return `/${cgroupParent}/${id}`;
}

function device(major = 0, minor = 0): object {
  return { allow: true, type: "c", major, minor, access: "rwm" };
}
