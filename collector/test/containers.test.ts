import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import fc from "fast-check";
import { type BundleFolders, readBundle } from "../src/bundle.ts";
import { CgroupPaths } from "../src/cgroup-paths.ts";
import { Containers } from "../src/containers.ts";
import { collectorLimits } from "../src/limits.ts";
import { HostNames, parsePasswd } from "../src/user-names.ts";
import { exec, task } from "./hand-made-records.ts";

const root = mkdtempSync(join(tmpdir(), "atalaya-containers-"));
after(() => rmSync(root, { recursive: true, force: true }));
const folders: BundleFolders = {
  containerdTasks: [join(root, "tasks")],
  crioContainers: join(root, "crio"),
  dockerContainers: join(root, "docker"),
  runc: join(root, "runc"),
};
const uid = "3b0b1d2e-0a4f-4c8e-9d57-6a1f0c2b3d4e";
let nextCgroup = 10_000;

function write(path: string, value: unknown): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value));
}

function made(path: string, madeBy: string | null = null, seenMs: number | null = performance.now()) {
  const paths = new CgroupPaths(join(root, "no-cgroups"));
  const cgroup = nextCgroup++;
  paths.add(2, cgroup, { path, seenMs, madeBy });
  paths.add(2, 1, { path: "/", seenMs: null, madeBy: null });
  return {
    containers: new Containers(paths, new HostNames(), folders),
    of: task({ pid: 4_000_000, cgroupIdV2: cgroup }),
  };
}

describe("attribution", () => {
  test("a kubelet's container has pod, namespace, image and name from its bundle's annotations", () => {
    const id = "1a".repeat(32);
    write(join(root, "tasks", "k8s.io", id, "config.json"), {
      process: { capabilities: { bounding: ["CAP_CHOWN"] } },
      annotations: {
        "io.kubernetes.cri.container-name": "web",
        "io.kubernetes.cri.image-name": "registry/web:1",
        "io.kubernetes.cri.sandbox-name": "web-0",
        "io.kubernetes.cri.sandbox-namespace": "shop",
        "io.kubernetes.cri.sandbox-uid": uid,
      },
    });
    const { containers, of } = made(`/kubepods/pod${uid}/${id}/nested`);
    const found = containers.of(of);
    assert.deepEqual(
      [
        found.id,
        found.runtime,
        found.name,
        found.image,
        found.namespace,
        found.pod,
        found.podUid,
        found.privileged,
        found.reason,
      ],
      [id, "containerd", "web", "registry/web:1", "shop", "web-0", uid, false, null],
    );
  });

  test("a container of ctr has no image and says why", () => {
    write(join(root, "tasks", "default", "web", "config.json"), { process: {} });
    const { containers, of } = made("/default/web", "runc");
    const found = containers.of(of);
    assert.deepEqual([found.id, found.runtime, found.image], ["web", "containerd", null]);
    assert.equal(found.reason, "the bundle has no annotations that name image or pod");
    assert.ok(found.bundle?.endsWith("tasks/default/web"));
  });

  test("a bare runc container has its id and the bundle that runc's state names; privileged is seen", () => {
    const bundle = join(root, "bundle");
    const devices = [{ allow: true, access: "rwm" }];
    const capabilities = { bounding: ["CAP_SYS_ADMIN"] };
    write(join(bundle, "config.json"), { process: { capabilities }, linux: { resources: { devices } } });
    write(join(root, "runc", "victim", "state.json"), { config: { labels: ["a=b", `bundle=${bundle}`] } });
    const { containers, of } = made("/user.slice/victim");
    const found = containers.of(of);
    assert.deepEqual([found.id, found.runtime, found.bundle, found.privileged], ["victim", "runc", bundle, true]);
  });

  test("Docker's own file names image and container", () => {
    const id = "2b".repeat(32);
    write(join(root, "tasks", "moby", id, "config.json"), {});
    write(join(root, "docker", id, "config.v2.json"), { Name: "/db", Config: { Image: "postgres:17", Env: ["A=b"] } });
    const { containers, of } = made(`/docker/${id}`);
    const found = containers.of(of);
    assert.deepEqual([found.id, found.runtime, found.name, found.image], [id, "docker", "db", "postgres:17"]);
  });

  test("a file that comes late is found at the next drain, and until then the reason says so", () => {
    const { containers, of } = made("/late", "runc");
    const found = containers.of(of);
    assert.deepEqual([found.id, found.reason], ["late", "the runtime's files about the container are not there"]);
    write(join(root, "runc", "late", "state.json"), { config: { labels: ["bundle=/nowhere"] } });
    containers.refresh();
    assert.equal(containers.of(of).bundle, "/nowhere");
    assert.equal(containers.of(of).reason, "the bundle that runc's state names cannot be read");
  });

  test("half-written and hostile files give no facts and do no harm", () => {
    const id = "3c".repeat(32);
    const path = join(root, "tasks", "k8s.io", id, "config.json");
    write(path, '{"annotations": {"io.kube');
    const { containers, of } = made(`/kubepods/pod${uid}/${id}`);
    assert.equal(containers.of(of).name, null);
    write(path, {
      annotations: { "io.kubernetes.cri.container-name": 7, __proto__: null, constructor: "x" },
      process: 3,
    });
    containers.refresh();
    assert.equal(containers.of(of).name, null);
    assert.equal(containers.of(of).id, id);
  });

  test("a new cgroup is the host's until a runtime knows it", async () => {
    const { containers, of } = made("/group/new");
    assert.equal(containers.of(of).id, "host");
    write(join(root, "runc", "new", "state.json"), { config: { labels: [] } });
    await pause(60);
    assert.equal(containers.of(of).id, "new");
  });

  test("a cgroup whose path is not known is neither host nor guessed", () => {
    const { containers } = made("/x");
    const found = containers.of(task({ pid: 4_000_000, cgroupIdV2: 777 }));
    assert.deepEqual([found.id, found.reason], [null, "the path of cgroup 777 is not known"]);
  });

  test("on a hybrid machine the v1 hierarchy names the container while the other says nothing", () => {
    const paths = new CgroupPaths(join(root, "no-cgroups"));
    const id = "4d".repeat(32);
    paths.add(2, 1, { path: "/", seenMs: null, madeBy: null });
    paths.add(1, 1, { path: `/docker/${id}`, seenMs: null, madeBy: null });
    const containers = new Containers(paths, new HostNames(), folders);
    assert.equal(containers.of(task({ pid: 4_000_000, cgroupIdV2: 1, cgroupIdV1: 1 })).id, id);
    assert.equal(containers.of(task({ pid: 4_000_000, cgroupIdV2: 1 })).id, "host");
  });

  test("a user of the machine cannot act in the name of a container by the name of a cgroup", () => {
    const id = "5e".repeat(32);
    write(join(root, "tasks", "k8s.io", id, "config.json"), {
      annotations: { "io.kubernetes.cri.sandbox-name": "bank-0", "io.kubernetes.cri.sandbox-namespace": "bank" },
    });
    write(join(root, "runc", "chosen", "state.json"), { config: { labels: [] } });
    const manager = "/user.slice/user-1000.slice/user@1000.service";
    const pod = `kubepods-pod${uid.replaceAll("-", "_")}.slice`;
    for (const path of [
      `${manager}/app.slice/cri-containerd-${id}.scope`,
      `${manager}/${pod}/cri-containerd-${id}.scope`,
      `${manager}/docker/${id}`,
      `${manager}/chosen`,
    ]) {
      const { containers, of } = made(path, "runc");
      assert.equal(containers.of(of).id, "host", path);
    }
    const { containers, of } = made(`${manager}/${pod}/libpod-${"6f".repeat(32)}.scope`);
    const rootless = containers.of(of);
    assert.deepEqual([rootless.id, rootless.runtime, rootless.podUid], ["6f".repeat(32), "podman", null]);
    assert.match(rootless.reason ?? "", /user's own/);
  });

  test("only root's runtimes say where a bundle is", () => {
    const bundle = join(root, "told");
    write(join(bundle, "config.json"), { annotations: { "io.kubernetes.pod.name": "told" } });
    for (const [euid, pod] of [
      [1_000, null],
      [0, "told"],
    ] as const) {
      const id = "7a".repeat(31) + (euid === 0 ? "00" : "01");
      const { containers, of } = made(`/docker/${id}`);
      const by = task({ pid: 4_000_001, euid, comm: "runc" });
      containers.heard(exec(by, ["runc", "create", "--bundle", bundle, id]));
      assert.equal(containers.of(of).pod, pod);
    }
  });

  test("no file of a runtime makes reading it throw, wait or give more than a short text", () => {
    const id = "8b".repeat(32);
    const file = join(root, "tasks", "k8s.io", id, "config.json");
    const names = ["annotations", "process", "capabilities", "bounding", "linux", "resources", "devices", "__proto__"];
    const key = fc.oneof(
      fc.constantFrom(...names, "io.kubernetes.cri.image-name", "io.kubernetes.pod.name"),
      fc.string(),
    );
    const tree = fc.letrec((tie) => ({
      node: fc.oneof({ maxDepth: 4 }, fc.jsonValue({ maxDepth: 1 }), fc.dictionary(key, tie("node"), { maxKeys: 5 })),
    })).node;
    const bytes = fc.oneof(
      tree.map((value) => JSON.stringify(value)),
      fc.string({ unit: "binary" }),
    );
    fc.assert(
      fc.property(bytes, (text) => {
        write(file, text);
        const facts = readBundle(folders, id);
        if (facts === undefined) return;
        for (const value of [facts.name, facts.image, facts.pod, facts.podUid, facts.namespace])
          assert.ok(value === null || (typeof value === "string" && value.length <= 1_024));
      }),
      { numRuns: 400, interruptAfterTimeLimit: 8_000 },
    );
    write(file, `{"annotations":{"io.kubernetes.pod.name":"${"x".repeat(2_000)}"}}`);
    assert.equal(readBundle(folders, id)?.pod?.length, 1_024);
    write(file, Buffer.alloc(64 * 1024 * 1024, "[").toString());
    assert.equal(readBundle(folders, id), undefined, "too large");
    rmSync(file);
    execFileSync("mkfifo", [file]);
    assert.equal(readBundle(folders, id), undefined, "a pipe");
    rmSync(file);
    symlinkSync("/etc/passwd", file);
    assert.equal(readBundle(folders, id), undefined, "a link");
  });

  test("a chosen id that comes again is a new container", () => {
    write(join(root, "runc", "again", "state.json"), { config: { labels: ["bundle=/first"] } });
    const paths = new CgroupPaths(join(root, "no-cgroups"));
    const containers = new Containers(paths, new HostNames(), folders);
    paths.add(2, 50, { path: "/again", seenMs: 1, madeBy: "runc" });
    assert.equal(containers.of(task({ pid: 4_000_000, cgroupIdV2: 50 })).bundle, "/first");
    write(join(root, "runc", "again", "state.json"), { config: { labels: ["bundle=/second"] } });
    paths.add(2, 51, { path: "/again", seenMs: 2, madeBy: "runc" });
    assert.equal(containers.of(task({ pid: 4_000_000, cgroupIdV2: 51 })).bundle, "/second");
    assert.equal(containers.of(task({ pid: 4_000_000, cgroupIdV2: 50 })).bundle, "/first");
  });
});

describe("cgroup paths", () => {
  test("a scan finds directories of both hierarchies by their inode", () => {
    const mount = join(root, "cgroup");
    write(join(mount, "unified", "cgroup.controllers"), "");
    write(join(mount, "memory", "tasks"), "");
    mkdirSync(join(mount, "unified", "a", "b"), { recursive: true });
    mkdirSync(join(mount, "memory", "c"), { recursive: true });
    const paths = new CgroupPaths(mount);
    assert.equal(paths.scan(), 5);
    assert.equal(paths.get(2, statSync(join(mount, "unified", "a", "b")).ino)?.path, "/a/b");
    assert.equal(paths.get(1, statSync(join(mount, "memory", "c")).ino)?.path, "/c");
    assert.equal(paths.get(1, statSync(join(mount, "memory")).ino)?.path, "/");
    assert.equal(paths.get(1, statSync(join(mount, "unified", "a")).ino)?.path, undefined);
  });

  test("a record without a version is placed by the directory's own id", () => {
    const mount = join(root, "cgroup2");
    write(join(mount, "cgroup.controllers"), "");
    mkdirSync(join(mount, "a"));
    const paths = new CgroupPaths(mount);
    const id = statSync(join(mount, "a")).ino;
    paths.add(undefined, id, { path: "/a", seenMs: 0, madeBy: null });
    paths.add(undefined, id + 1, { path: "/a", seenMs: 0, madeBy: null });
    assert.equal(paths.get(2, id)?.path, "/a");
    assert.equal(paths.get(2, id + 1), undefined);
  });
});

describe("names of users", () => {
  test("no passwd file makes reading it throw, and names are short, printable and bounded", () => {
    const field = fc.oneof(fc.string({ unit: "binary", maxLength: 80 }), fc.constantFrom("0", "4294967295", "x", ""));
    const line = fc.array(field, { maxLength: 8 }).map((fields) => fields.join(":"));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
        for (const [of, name] of parsePasswd(lines.join("\n"))) {
          assert.ok(Number.isSafeInteger(of) && name.length <= 128);
          assert.doesNotMatch(name, /[\s\p{Cc}]/u);
        }
      }),
      { numRuns: 2_000 },
    );
    const many = Array.from({ length: 200_000 }, (_, i) => `u${i}:x:${i}:0::/:`).join("\n");
    assert.ok(parsePasswd(many).size <= collectorLimits.passwdNamesMax);
  });

  test("the first name of a uid counts; lines that are not well formed are skipped", () => {
    const names = parsePasswd(
      "root:x:0:0::/root:/bin/sh\ntoor:x:0:0::\n+::::::\nbad name:x:1:1\nx:y\nwww:x:33:33:a:b:c\n\x1b[2J:x:5:5\n",
    );
    assert.deepEqual(
      [...names],
      [
        [0, "root"],
        [33, "www"],
      ],
    );
  });
});
