import assert from "node:assert/strict";
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
import { after, before, describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { buildCollector } from "../build.mjs";
import { root } from "./kernel-watch.ts";
import { type Line, Printing } from "./printing.ts";

// Many short containers at once, in control groups and bundles as each runtime makes them, all started by the real runc
// with a state folder of its own (as containerd, CRI-O and Podman call it). Each does something that only it does, so that
// an event in the wrong container cannot be missed.

const full = process.env["ATALAYA_CLUSTER_FULL"] === "1";
const count = full ? 1_000 : 50;
const atOnce = 8;
/** Of a container's own program: the first lives as short, the last as long. */
const [shortestMs, longestMs] = full ? [5, 60_000] : [5, 1_500];
const patienceMs = 120_000;

const skip = skipUnless("kernel", "containers");
const folder = mkdtempSync(join(tmpdir(), "atalaya-attribution-"));
const group = `atalaya-attribution-${process.pid}`;
const rootfs = join(folder, "rootfs");

type Expected = { runtime: string; pod?: string; image?: string; reason?: string };
type Shape = {
  name: string;
  idOf(n: number): string;
  cgroup(id: string, uid: string): string;
  bundle(id: string): string;
  annotations(n: number): Record<string, string>;
  expected(n: number): Expected;
};

const hex = (n: number) => createHash("sha256").update(`${process.pid} ${n}`).digest("hex");
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
const slice = (uid: string) =>
  `kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uid.replaceAll("-", "_")}.slice`;

const shapes: readonly Shape[] = [
  {
    name: "containerd for a kubelet with cgroupfs",
    idOf: hex,
    cgroup: (id, uid) => `kubepods/burstable/pod${uid}/${id}`,
    bundle: tasks("k8s.io"),
    annotations: cri,
    expected: (n) => ({ runtime: "containerd", pod: `pod-${n}`, image: `registry/cri:${n}` }),
  },
  {
    name: "containerd for a kubelet with systemd",
    idOf: hex,
    cgroup: (id, uid) => `${slice(uid)}/cri-containerd-${id}.scope`,
    bundle: tasks("k8s.io"),
    annotations: cri,
    expected: (n) => ({ runtime: "containerd", pod: `pod-${n}`, image: `registry/cri:${n}` }),
  },
  {
    name: "ctr",
    idOf: (n) => `by-hand-${process.pid}-${n}`,
    cgroup: (id) => `default/${id}`,
    bundle: tasks("default"),
    annotations: () => ({}),
    expected: () => ({ runtime: "containerd", reason: noPod }),
  },
  {
    name: "CRI-O",
    idOf: hex,
    cgroup: (id, uid) => `${slice(uid)}/crio-${id}.scope`,
    bundle: userdata,
    annotations: crio,
    expected: (n) => ({ runtime: "cri-o", pod: `pod-${n}`, image: `registry/crio:${n}` }),
  },
  {
    name: "Podman",
    idOf: hex,
    cgroup: (id) => `machine.slice/libpod-${id}.scope`,
    bundle: userdata,
    annotations: () => ({}),
    expected: () => ({ runtime: "podman", reason: noPod }),
  },
];

type Started = { n: number; shape: Shape; id: string; uid: string; bundle: string };

function makeRootfs(): void {
  for (const part of ["bin", "proc", "dev", "sys", "tmp"]) mkdirSync(join(rootfs, part), { recursive: true });
  copyFileSync("/bin/busybox", join(rootfs, "bin", "busybox"));
  for (const applet of ["sh", "usleep", "true", "unshare"]) symlinkSync("busybox", join(rootfs, "bin", applet));
}

/** One of the many, or (`isLong`) one that stays until it is removed. */
function prepare(n: number, isLong = false): Started {
  const shape = shapes[n % shapes.length] as Shape;
  const id = shape.idOf(n);
  const uid = `0b1d5c3e-0000-4000-8000-${String(n).padStart(12, "0")}`;
  const bundle = shape.bundle(id);
  mkdirSync(bundle, { recursive: true });
  const lifeMs = Math.round(shortestMs * (longestMs / shortestMs) ** (n / (count - 1)));
  // The first and last things that it does, and one from namespaces that it made itself. A plain `true` is the shell's own.
  const short = `/bin/true first-${n}; unshare -m -p -i -u -f true unshared-${n}; usleep ${lifeMs * 1000}; /bin/true last-${n}`;
  const script = isLong ? "while true; do usleep 100000; done" : short;
  const capabilities = ["CAP_SYS_ADMIN"];
  const config = {
    ociVersion: "1.0.2",
    annotations: shape.annotations(n),
    process: {
      user: { uid: 0, gid: 0 },
      args: ["/bin/sh", "-c", script],
      env: ["PATH=/bin"],
      cwd: "/",
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    },
    root: { path: rootfs, readonly: true },
    mounts: [{ destination: "/proc", type: "proc", source: "proc" }],
    linux: {
      cgroupsPath: `/${group}/${shape.cgroup(id, uid)}`,
      namespaces: ["pid", "ipc", "uts", "mount", "network"].map((type) => ({ type })),
    },
  };
  writeFileSync(join(bundle, "config.json"), JSON.stringify(config));
  return { n, shape, id, uid, bundle };
}

const runc = (...args: string[]) => ["--root", join(folder, "state"), ...args];

/** Starts one that stays. */
function stay(one: Started): Started {
  execFileSync("runc", runc("run", "-d", "-b", one.bundle, one.id), { stdio: "ignore" });
  return one;
}

async function end(file: string, args: string[]): Promise<void> {
  const child = spawn(file, args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr?.on("data", (bytes: Buffer) => (said += bytes.toString()));
  const [status] = await once(child, "close");
  assert.equal(status, 0, `${file} ${args.join(" ")}: ${said}`);
}

/** A container, and beside it the same of the host. */
async function live({ n, id, bundle }: Started): Promise<void> {
  await Promise.all([
    end("runc", runc("run", "-b", bundle, id)),
    end("true", [`host-${n}`]),
    end("unshare", ["-m", "-p", "-i", "-u", "-U", "-C", "-f", "true", `host-unshared-${n}`]),
  ]);
}

/** The events of programs that were started with that word, as the last argument; not of the runtime that is told so. */
function startWith(printing: Printing, word: string): Line[] {
  return printing.lines.filter(
    (line) =>
      line["activity"] === "exec" &&
      line["name"] !== "runc" &&
      Array.isArray(line["argv"]) &&
      line["argv"].at(-1) === word &&
      /^(\/bin\/)?true$/.test(line["argv"].at(-2)),
  );
}

function isRight(line: Line, { n, shape, id, uid, bundle }: Started): void {
  const { runtime, pod, image, reason } = shape.expected(n);
  const said = ["id", "runtime", "bundle", "image", "reason"].map((name) => line[`container_${name}`]);
  assert.deepEqual(said, [id, runtime, bundle, image, reason], `${shape.name}: ${JSON.stringify(line)}`);
  assert.deepEqual([line["k8s_pod"], line["k8s_namespace"]], [pod, pod === undefined ? undefined : "shop"], shape.name);
  if (pod !== undefined) assert.equal(line["k8s_pod_uid"], uid, shape.name);
}

/** From the leaves: a control group goes when it holds none. */
function removeGroups(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (entry.isDirectory()) removeGroups(join(path, entry.name));
  rmdirSync(path);
}

describe(`${count} containers of ${shortestMs} ms to ${longestMs} ms, ${atOnce} at once`, { skip }, () => {
  before(async () => {
    if (skip !== false) return;
    await buildCollector({ root, log: () => undefined });
    makeRootfs();
  });
  after(() => {
    for (const { child } of Printing.all) child.kill("SIGKILL");
    for (const id of readable(join(folder, "state"))) spawnSync("runc", runc("delete", "-f", id));
    for (const hierarchy of ["", ...readable("/sys/fs/cgroup")]) {
      const path = join("/sys/fs/cgroup", hierarchy, group);
      if (readable(path).length > 0) removeGroups(path);
    }
    rmSync(folder, { recursive: true, force: true });
  });

  test("each event is in its own container, with pod and image or the reason why not, and the host's in none", {
    timeout: full ? 1_800_000 : patienceMs,
  }, async () => {
    const early = stay(prepare(0, true));
    const printing = new Printing("--class", "process");
    await printing.ready();
    const late = stay(prepare(count, true));
    for (const { id, n } of [early, late])
      execFileSync("runc", runc("exec", id, "true", `entered-${n}`), { stdio: "ignore" });
    const all = Array.from({ length: count - 1 }, (_, i) => prepare(i + 1));
    const waiting = [...all];
    const lane = async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await live(next);
    };
    await Promise.all(Array.from({ length: atOnce }, lane));
    await printing.until(() => [early, late].every(({ n }) => startWith(printing, `entered-${n}`).length > 0));
    await printing.until(() =>
      all.every(({ n }) =>
        ["first", "unshared", "last", "host", "host-unshared"].every(
          (what) => startWith(printing, `${what}-${n}`).length > 0,
        ),
      ),
    );
    for (const one of all) {
      for (const what of ["first", "unshared", "last"]) {
        const lines = startWith(printing, `${what}-${one.n}`);
        // unshare's own start ends with the same words.
        assert.equal(lines.length, what === "unshared" ? 2 : 1, `${what}-${one.n}`);
        for (const line of lines) isRight(line, one);
      }
      for (const what of ["host", "host-unshared"])
        for (const line of startWith(printing, `${what}-${one.n}`)) assert.equal(line["container_id"], "host", what);
    }
    for (const line of startWith(printing, `entered-${late.n}`)) isRight(line, late);
    // Its runtime's files lie where nobody looks, and its start was not heard: what is not known is said to be so.
    for (const line of startWith(printing, `entered-${early.n}`)) {
      const said = ["id", "bundle", "image", "reason"].map((name) => line[`container_${name}`]);
      const reason = "the runtime's files about the container are not there";
      assert.deepEqual([...said, line["k8s_pod_uid"]], [early.id, undefined, undefined, reason, early.uid]);
    }
    await printing.end();
  });
});

function readable(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
