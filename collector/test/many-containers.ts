// Many short containers, in control groups and bundles as each runtime makes them, all started by the real runc with a state
// folder of its own (as containerd, CRI-O and Podman call it). Each does something that only it does, so that an event in
// the wrong container cannot be missed: the last argument of its programs is what they do, and its number.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "atalaya-attribution-"));
/** The control group, in every hierarchy, that all others lie in. */
export const group = `atalaya-attribution-${process.pid}`;
const rootfs = join(folder, "rootfs");

type Expected = { runtime: string; pod?: string; image?: string; reason?: string };
export type Shape = {
  name: string;
  idOf(n: number): string;
  cgroup(id: string, uid: string): string;
  bundle(id: string): string;
  annotations(n: number): Record<string, string>;
  expected(n: number): Expected;
};

const hex = (n: number) => createHash("sha256").update(`${process.pid} ${n}`).digest("hex");
const byHand = (n: number) => `by-hand-${process.pid}-${n}`;
const uidOf = (n: number) => `0b1d5c3e-0000-4000-8000-${String(n).padStart(12, "0")}`;
const cri = (n: number) => ({
  "io.kubernetes.cri.container-name": "web",
  "io.kubernetes.cri.image-name": `registry/cri:${n}`,
  "io.kubernetes.cri.sandbox-name": `pod-${n}`,
  "io.kubernetes.cri.sandbox-namespace": "shop",
});
const crio = (n: number) => ({
  "io.kubernetes.container.name": "web",
  "io.kubernetes.cri-o.ImageName": `registry/crio:${n}`,
  "io.kubernetes.pod.name": `pod-${n}`,
  "io.kubernetes.pod.namespace": "shop",
});
const noPod = "the bundle has no annotations that name image or pod";
const tasks = (namespace: string) => (id: string) => join(folder, "io.containerd.runtime.v2.task", namespace, id);
const userdata = (id: string) => join(folder, "overlay-containers", id, "userdata");
const slice = (uid: string) => `kubepods-burstable-pod${uid.replaceAll("-", "_")}.slice`;
const slices = (uid: string) => `kubepods.slice/kubepods-burstable.slice/${slice(uid)}`;
const inContainerd = (n: number) => ({ runtime: "containerd", pod: `pod-${n}`, image: `registry/cri:${n}` });
const inCrio = (n: number) => ({ runtime: "cri-o", pod: `pod-${n}`, image: `registry/crio:${n}` });
const nowhere = (runtime: string) => () => ({ runtime, reason: noPod });

/** A kubelet's container by containerd, under a name and in a control group that somebody chose. */
export function chosen(name: string, cgroup: (id: string) => string): Shape {
  const idOf = () => `${name}-${process.pid}`;
  const annotations = (n: number) => ({ ...cri(n), "io.kubernetes.cri.sandbox-uid": uidOf(n) });
  return { name, idOf, cgroup, bundle: tasks("default"), annotations, expected: inContainerd };
}

export const shapes: readonly Shape[] = [
  {
    name: "containerd for a kubelet with cgroupfs",
    idOf: hex,
    cgroup: (id, uid) => `kubepods/burstable/pod${uid}/${id}`,
    bundle: tasks("k8s.io"),
    annotations: cri,
    expected: inContainerd,
  },
  {
    name: "containerd for a kubelet with systemd",
    idOf: hex,
    cgroup: (id, uid) => `${slices(uid)}/cri-containerd-${id}.scope`,
    bundle: tasks("k8s.io"),
    annotations: cri,
    expected: inContainerd,
  },
  {
    name: "containerd with cgroupfs for a kubelet with systemd",
    idOf: hex,
    cgroup: (id, uid) => `system.slice/${slice(uid)}:cri-containerd:${id}`,
    bundle: tasks("k8s.io"),
    annotations: cri,
    expected: inContainerd,
  },
  {
    name: "ctr",
    idOf: byHand,
    cgroup: (id) => `default/${id}`,
    bundle: tasks("default"),
    annotations: () => ({}),
    expected: nowhere("containerd"),
  },
  {
    name: "CRI-O with systemd",
    idOf: hex,
    cgroup: (id, uid) => `${slices(uid)}/crio-${id}.scope`,
    bundle: userdata,
    annotations: crio,
    expected: inCrio,
  },
  {
    name: "CRI-O with cgroupfs",
    idOf: hex,
    cgroup: (id, uid) => `kubepods/burstable/pod${uid}/crio-${id}`,
    bundle: userdata,
    annotations: crio,
    expected: inCrio,
  },
  {
    name: "Podman with systemd",
    idOf: hex,
    cgroup: (id) => `machine.slice/libpod-${id}.scope`,
    bundle: userdata,
    annotations: () => ({}),
    expected: nowhere("podman"),
  },
  {
    name: "Podman in a unit's control group",
    idOf: hex,
    cgroup: (id) => `system.slice/app.service/libpod-payload-${id}`,
    bundle: userdata,
    annotations: () => ({}),
    expected: nowhere("podman"),
  },
];

/** How long it does nothing between its own programs, in ms; "stays": until it is removed; or what its shell does, perhaps in a view of control groups of its own. */
export type Life = number | "stays" | { script: string; ownView?: boolean };
export type Made = { n: number; shape: Shape; id: string; uid: string; bundle: string };

/** What a container does, and what is done of the host beside it. */
export const insideWords = ["first", "unshared", "last"] as const;
export const hostWords = ["host", "host-unshared"] as const;

let isReady = false;

function makeRootfs(): void {
  if (isReady) return;
  isReady = true;
  for (const part of ["bin", "proc", "dev", "sys", "tmp"]) mkdirSync(join(rootfs, part), { recursive: true });
  copyFileSync("/bin/busybox", join(rootfs, "bin", "busybox"));
  for (const applet of ["sh", "usleep", "true", "unshare", "mount", "mkdir"])
    symlinkSync("busybox", join(rootfs, "bin", applet));
}

/** Writes the bundle of the container with that number, in the shape that is its turn. It may do what SYS_ADMIN may. */
export function prepare(n: number, life: Life, shape: Shape = shapes[n % shapes.length] as Shape): Made {
  makeRootfs();
  const id = shape.idOf(n);
  const uid = uidOf(n);
  const bundle = shape.bundle(id);
  mkdirSync(bundle, { recursive: true });
  const capabilities = ["CAP_SYS_ADMIN"];
  const kinds = ["pid", "ipc", "uts", "mount", "network"];
  if (typeof life === "object" && life.ownView === true) kinds.push("cgroup");
  const config = {
    ociVersion: "1.0.2",
    annotations: shape.annotations(n),
    process: {
      user: { uid: 0, gid: 0 },
      args: ["/bin/sh", "-c", scriptOf(n, life)],
      env: ["PATH=/bin"],
      cwd: "/",
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    },
    root: { path: rootfs, readonly: true },
    // Its own /dev, as from every runtime: runc makes links there, and in a folder of all of them one meets another's.
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755"] },
    ],
    linux: {
      cgroupsPath: `/${group}/${shape.cgroup(id, uid)}`,
      namespaces: kinds.map((type) => ({ type })),
    },
  };
  writeFileSync(join(bundle, "config.json"), JSON.stringify(config));
  return { n, shape, id, uid, bundle };
}

function scriptOf(n: number, life: Life): string {
  if (typeof life === "object") return life.script;
  if (life === "stays") return "while true; do usleep 100000; done";
  // The first and last things that it does, and one from namespaces that it made itself. A plain `true` is the shell's own.
  return `/bin/true first-${n}; unshare -m -p -i -u -f true unshared-${n}; usleep ${life * 1000}; /bin/true last-${n}`;
}

const runc = (...args: string[]) => ["--root", join(folder, "state"), ...args];

/** Starts one that stays. */
export function stay(one: Made): Made {
  execFileSync("runc", runc("run", "-d", "-b", one.bundle, one.id), { stdio: "ignore" });
  return one;
}

/** Enters one that stays, as `kubectl exec` does, with a program that has that word. */
export function enter({ id, n }: Made, word = `entered-${n}`): void {
  execFileSync("runc", runc("exec", id, "/bin/true", word), { stdio: "ignore" });
}

/** From the start of a container to its end. Throws where it fails. */
export function run({ id, bundle }: Made): Promise<void> {
  return end("runc", runc("run", "-b", bundle, id));
}

/** The same, and beside it what is done of the host. */
export async function live(one: Made): Promise<void> {
  const { n } = one;
  await Promise.all([
    run(one),
    end("true", [`host-${n}`]),
    end("unshare", ["-m", "-p", "-i", "-u", "-U", "-C", "-f", "true", `host-unshared-${n}`]),
  ]);
}

/** As a runtime does once nobody waits for the container any more. */
export function removeBundle({ bundle }: Made): void {
  rmSync(bundle, { recursive: true, force: true });
}

/** So many at once, each in its turn; `ended` is told of each. */
export async function liveAll(
  all: readonly Made[],
  atOnce: number,
  ended: (one: Made) => void = () => undefined,
): Promise<void> {
  const waiting = [...all];
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      await live(next);
      ended(next);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

async function end(file: string, args: string[]): Promise<void> {
  const child = spawn(file, args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr?.on("data", (bytes: Buffer) => (said += bytes.toString()));
  const [status] = await once(child, "close");
  if (status !== 0) throw new Error(`${file} ${args.join(" ")}: ${status} ${said}`);
}

/** An event's columns by name; what is absent is null or undefined. */
export type Seen = Readonly<Record<string, unknown>>;

/**
 * What a process event is of: the word and number that its program was started with. Undefined for all other events, and for
 * the runtime's own, which is told a container's words before it is inside.
 */
export function wordOf(event: Seen): { what: string; n: number } | undefined {
  const argv = event["argv"];
  if (!Array.isArray(argv) || /(^|\/)(runc|exe)$/.test(String(argv[0]))) return undefined;
  const found = /^([a-z-]+)-(\d+)$/.exec(String(argv.at(-1)));
  return found === null ? undefined : { what: found[1] as string, n: Number(found[2]) };
}

/** Each column that does not say what is so; empty where all do. */
export function wrongIn(event: Seen, { n, shape, id, uid, bundle }: Made): string[] {
  const { runtime, pod, image, reason } = shape.expected(n);
  const wanted: [string, string | undefined][] = [
    ["container_id", id],
    ["container_runtime", runtime],
    ["container_bundle", bundle],
    ["container_image", image],
    ["container_reason", reason],
    ["k8s_pod", pod],
    ["k8s_namespace", pod === undefined ? undefined : "shop"],
  ];
  if (pod !== undefined) wanted.push(["k8s_pod_uid", uid]);
  return wanted.flatMap(([column, value]) => {
    const said = event[column] ?? undefined;
    return said === value ? [] : [`${shape.name}: ${column} is ${said}, not ${value}`];
  });
}

/** Ends what still runs, and takes away its control groups and files. */
export function removeAll(): void {
  for (const id of namesIn(join(folder, "state"))) spawnSync("runc", runc("delete", "-f", id));
  for (const hierarchy of ["", ...namesIn("/sys/fs/cgroup")]) {
    const path = join("/sys/fs/cgroup", hierarchy, group);
    if (namesIn(path).length > 0) removeGroups(path);
  }
  rmSync(folder, { recursive: true, force: true });
}

/** From the leaves: a control group goes when it holds none. */
function removeGroups(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (entry.isDirectory()) removeGroups(join(path, entry.name));
  rmdirSync(path);
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
