import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { BundleFolders } from "../src/bundle.ts";
import { CgroupPaths } from "../src/cgroup-paths.ts";
import { Containers } from "../src/containers.ts";
import { HostNames } from "../src/user-names.ts";
import { containerOf, exec, task } from "./hand-made-records.ts";

const root = mkdtempSync(join(tmpdir(), "atalaya-containers-"));
after(() => rmSync(root, { recursive: true, force: true }));
const folders: BundleFolders = {
  containerdTasks: [join(root, "tasks")],
  root: "",
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
  paths.add(2, cgroup, { path, seenMs, madeBy, makerUid: 0 });
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

  test("where CRI-O's container is said by CRI-O, and not by what its pod's author annotated", () => {
    const annotations = {
      "io.container.manager": "cri-o",
      "io.kubernetes.cri.container-name": "claimed",
      "io.kubernetes.cri.image-name": "claimed",
      "io.kubernetes.cri.sandbox-name": "claimed",
      "io.kubernetes.cri.sandbox-namespace": "kube-system",
      "io.kubernetes.cri.sandbox-uid": "claimed",
      "io.kubernetes.container.name": "web",
      "io.kubernetes.cri-o.ImageName": "registry/web:1",
      "io.kubernetes.pod.name": "web-0",
      "io.kubernetes.pod.namespace": "shop",
      "io.kubernetes.pod.uid": uid,
    };
    const own = "2c".repeat(32);
    write(join(root, "crio", own, "userdata", "config.json"), { annotations });
    // With its files elsewhere: by runc's state.
    const elsewhere = "3c".repeat(32);
    const bundle = join(root, "elsewhere", elsewhere);
    write(join(bundle, "config.json"), { annotations });
    write(join(root, "runc", elsewhere, "state.json"), { config: { labels: [`bundle=${bundle}`] } });
    for (const id of [own, elsewhere]) {
      const { containers, of } = made(`/kubepods.slice/crio-${id}.scope`);
      const { name, image, namespace, pod } = containers.of(of);
      assert.deepEqual([name, image, namespace, pod], ["web", "registry/web:1", "shop", "web-0"]);
    }
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

  test("a cgroup that a scan found may be as new", async () => {
    const { containers, paths, of, groupOf } = withGroups("just-made", "/group/scanned", "/group/told");
    assert.deepEqual([of("/group/scanned").id, of("/group/told").id], ["host", "host"]);
    write(join(root, "runc", "scanned", "state.json"), { config: { labels: [] } });
    await pause(60);
    assert.equal(of("/group/scanned").id, "scanned");
    // Its making lay in a ring while no collector ran.
    const made = { path: "/group/told", seenMs: performance.now(), madeBy: "runc", makerUid: 0 };
    paths.add(2, groupOf("/group/told"), made);
    assert.equal(containers.of(task({ pid: 4_000_000, cgroupIdV2: groupOf("/group/told") })).id, "told");
  });

  test("a cgroup whose maker was not seen, and that may be a container's by its name, is neither host nor guessed", () => {
    const paths = new CgroupPaths(join(root, "no-cgroups"));
    const containers = new Containers(paths, new HostNames(), folders);
    const lost = { seenMs: performance.now(), madeBy: null };
    const there = { seenMs: null, madeBy: null };
    for (const [group, path, how, id] of [
      [90, "/default/lost", lost, null],
      [91, "/default/there-before", there, "host"],
      [92, "/system.slice/new.service", lost, "host"],
      [93, `/docker/${"ab".repeat(32)}`, lost, "ab".repeat(32)],
    ] as const) {
      paths.add(2, group, { path, ...how });
      const found = containers.of(task({ pid: 4_000_000, cgroupIdV2: group }));
      assert.equal(found.id, id, path);
      if (id === null) assert.equal(found.reason, "it is not known who made the control group /default/lost");
    }
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

/** Control groups that are really there (as folders), and what is known of them. */
function withGroups(name: string, ...there: string[]) {
  const mount = join(root, name);
  write(join(mount, "cgroup.controllers"), "");
  for (const path of there) mkdirSync(join(mount, path), { recursive: true });
  const paths = new CgroupPaths(mount);
  paths.scan();
  const containers = new Containers(paths, new HostNames(), folders);
  const groupOf = (path: string) => statSync(join(mount, path)).ino;
  const of = (path: string) => containers.of(task({ pid: 4_000_000, cgroupIdV2: groupOf(path) }));
  return { containers, paths, of, groupOf };
}

function bundleOf(id: string, cgroupsPath: string, annotations: Record<string, string> = {}): void {
  write(join(root, "tasks", "k8s.io", id, "config.json"), { annotations, linux: { cgroupsPath } });
}

describe("who bears another container's name", () => {
  const elsewhere = "its control group bears the id of a container that is in another";

  test("below a container whose id was chosen is that container's", () => {
    const victim = "5a".repeat(32);
    bundleOf(victim, `/kubepods/pod${uid}/${victim}`);
    write(join(root, "tasks", "default", "chosen", "config.json"), { linux: { cgroupsPath: "/default/chosen" } });
    for (const path of [
      `/default/chosen/${victim}`,
      `/default/chosen/docker/docker-${victim}.scope`,
      "/default/chosen/x",
    ]) {
      const { containers, of } = made(path);
      assert.equal(containers.of(of).id, "chosen", path);
    }
  });

  test("is not that container where its runtime put it elsewhere, whichever was met first", () => {
    for (const [i, cgroupsPath, own] of [
      [0, `/kubepods/pod${uid}`, `/kubepods/pod${uid}`],
      [1, "", "/system.slice"],
    ] as const) {
      const id = `6${i}`.repeat(32);
      const real = i === 0 ? `${own}/${id}` : `${own}/cri-containerd-${id}.scope`;
      bundleOf(id, i === 0 ? `${cgroupsPath}/${id}` : `system.slice:cri-containerd:${id}`);
      const forged = `/user.slice/user-1000.slice/${id}`;
      const { of } = withGroups(`forged-${i}`, real, `${forged}/below`);
      const said = of(forged);
      assert.deepEqual([said.id, said.reason, said.bundle], [null, elsewhere, null]);
      assert.equal(of(real).id, id);
      assert.equal(of(`${forged}/below`).id, null);
      assert.equal(of(real).cgroup?.path, real);
    }
  });

  test("is not that container by its unit's name or the end of its path, whichever was met first", () => {
    for (const [i, cgroupsPath, real] of [
      [0, "system.slice:cri-containerd:ID", "/system.slice/cri-containerd-ID.scope"],
      [1, `/kubepods/pod${uid}/ID`, `/kubepods/pod${uid}/ID`],
      // From the runtime's own group: what was met first.
      [2, `kubepods/pod${uid}/ID`, `/runtime/kubepods/pod${uid}/ID`],
    ] as const) {
      const id = `b${i}`.repeat(32);
      const own = real.replace("ID", id);
      const forged = `/user.slice/user-1000.slice/user@1000.service${own.replace(/^\/(system.slice|runtime)/, "")}`;
      bundleOf(id, cgroupsPath.replace("ID", id));
      const { containers, of } = withGroups(`same-name-${i}`, own, forged);
      containers.onNews = ({ cgroup }) => assert.equal(cgroup?.path, own);
      if (i === 2) assert.equal(of(own).id, id);
      assert.deepEqual([of(forged).id, of(forged).reason, of(own).id], [null, elsewhere, id]);
      assert.deepEqual(
        [...containers.all()].map(({ cgroup }) => cgroup?.path),
        [own],
      );
    }
  });

  test("is a container's where its config says, when another group was met before", () => {
    const id = "b9".repeat(32);
    const [own, forged] = [`/runtime/default/${id}`, `/user.slice/${id}`];
    const { of } = withGroups("met-before", own, forged);
    assert.equal(of(forged).id, id, "no file says more");
    bundleOf(id, `default/${id}`);
    assert.deepEqual([of(own).id, of(own).cgroup?.path], [id, own]);
  });

  test("is not that container while the one that was met first is there, also where no file says where it is", () => {
    const id = "7a".repeat(32);
    const { of } = withGroups("no-files", `/docker/${id}`, `/user.slice/docker-${id}.scope`);
    assert.equal(of(`/docker/${id}`).id, id);
    assert.deepEqual([of(`/user.slice/docker-${id}.scope`).id, of(`/docker/${id}`).id], [null, id]);
  });

  test("is a container's that stands where its runtime may have been started", () => {
    const id = "8a".repeat(32);
    bundleOf(id, `/kubepods/pod${uid}/${id}`);
    const { of } = withGroups("nested", `/machine/kubepods/pod${uid}/${id}`);
    assert.equal(of(`/machine/kubepods/pod${uid}/${id}`).id, id);
  });

  test("a folder with the name of a chosen id, in another place than its runtime's, is the host's", () => {
    write(join(root, "tasks", "default", "kubepods", "config.json"), { linux: { cgroupsPath: "/default/kubepods" } });
    const { of } = withGroups("chosen", "/default/kubepods", "/kubepods/x");
    assert.deepEqual(
      [of("/default/kubepods").id, of("/kubepods").id, of("/kubepods/x").id],
      ["kubepods", "host", "host"],
    );
  });
});

describe("what is said of a container", () => {
  test("a chosen id that systemd's driver brings again is a new container", () => {
    const paths = new CgroupPaths(join(root, "no-cgroups"));
    const containers = new Containers(paths, new HostNames(), folders);
    const state = join(root, "runc", "unit", "state.json");
    for (const [group, bundle] of [
      [60, "/first"],
      [61, "/second"],
    ] as const) {
      write(state, { config: { labels: [`bundle=${bundle}`] } });
      paths.add(2, group, { path: "/system.slice/runc-unit.scope", seenMs: group, madeBy: "systemd" });
      assert.equal(containers.of(task({ pid: 4_000_000, cgroupIdV2: group })).bundle, bundle);
    }
  });

  test("which bundle it was started from is root's word, or that of who made its control group", () => {
    const bundle = (name: string) => {
      write(join(root, name, "config.json"), { annotations: { "io.kubernetes.cri.sandbox-name": name } });
      return join(root, name);
    };
    const [honest, forged] = [bundle("honest"), bundle("forged")];
    const starts = (uid: number, id: string, from: string) =>
      exec(task({ pid: 50, uid, comm: "runc", cgroupIdV2: 1 }), ["runc", "run", "-b", from, id]);
    const podOf = (id: string, makerUid: number, ...heard: [number, string][]) => {
      const paths = new CgroupPaths(join(root, "no-cgroups"));
      paths.add(2, 1, { path: "/", seenMs: null, madeBy: null });
      paths.add(2, 70, { path: `/user.slice/docker-${id}.scope`, seenMs: 1, madeBy: "systemd", makerUid });
      const containers = new Containers(paths, new HostNames(), folders);
      for (const [uid, from] of heard) containers.heard(starts(uid, id, from), null);
      return containers.of(task({ pid: 4_000_000, cgroupIdV2: 70 })).pod;
    };
    assert.equal(podOf("a1".repeat(32), 0, [0, honest], [1_000, forged]), "honest");
    assert.equal(podOf("a2".repeat(32), 0, [1_000, forged]), null);
    assert.equal(podOf("a3".repeat(32), 1_000, [1_000, honest]), "honest", "without root");
  });

  test("a container's own program of a runtime's name is not heard, wherever it has gone", () => {
    const id = "a4".repeat(32);
    write(join(root, "told", "config.json"), { annotations: { "io.kubernetes.cri.sandbox-name": "told" } });
    const record = exec(task({ pid: 50, comm: "runc", cgroupIdV2: 1 }), ["runc", "run", "-b", join(root, "told"), id]);
    for (const [home, pod] of [
      [containerOf("attacker"), null],
      [null, "told"],
    ] as const) {
      const paths = new CgroupPaths(join(root, "no-cgroups"));
      paths.add(2, 1, { path: "/", seenMs: null, madeBy: null });
      paths.add(2, 80, { path: `/docker/${id}`, seenMs: null, madeBy: null });
      const containers = new Containers(paths, new HostNames(), folders);
      containers.heard(record, home);
      assert.equal(containers.of(task({ pid: 4_000_000, cgroupIdV2: 80 })).pod, pod);
    }
  });

  test("names are cut, and hold nothing that acts on a screen; a long path is the outermost container's", () => {
    const id = "9a".repeat(32);
    const odd = "a\u001b[2J\r\n\u202eb\ud800";
    const said = "a\ufffd[2J\ufffd\ufffd\ufffdb\ufffd";
    bundleOf(id, `/docker/${id}`, {
      "io.kubernetes.cri.container-name": odd,
      "io.kubernetes.cri.image-name": `${odd}${"x".repeat(5_000)}`,
      "io.kubernetes.cri.sandbox-name": odd,
      "io.kubernetes.cri.sandbox-namespace": odd,
    });
    const { containers, of } = made(`/docker/${id}/${`${"1b".repeat(32)}/`.repeat(63)}${"y".repeat(255)}`);
    const { name, image, pod, namespace, id: found } = containers.of(of);
    assert.deepEqual([found, name, pod, namespace, image?.length], [id, said, said, said, 1_024]);
    const group = made("/user.slice/\u001b[2J");
    assert.equal(group.containers.nameOf(group.of), "/user.slice/\ufffd[2J");
  });
});
