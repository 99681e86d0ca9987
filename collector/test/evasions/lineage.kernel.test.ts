import assert from "node:assert/strict";
import { rmdirSync } from "node:fs";
import { basename } from "node:path";
import { after, before, describe } from "node:test";
import { skipUnless } from "../../../tools/testing/needs.ts";
import { CgroupPaths } from "../../src/cgroup-paths.ts";
import { KernelWatch } from "../kernel-watch.ts";
import { OwnGroups } from "../own-groups.ts";
import { evasion, eventsOf, perform } from "./evasion.ts";
import { PodGroup } from "./pod-group.ts";

const newNames = 0x04000000;

describe("evasions of who and where", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  let pod: PodGroup;
  let outside: OwnGroups;
  let another: PodGroup;
  before(async () => {
    watch = await KernelWatch.open({ calls: ["cgroup_move"] });
    outside = new OwnGroups("atalaya-outside", 1);
    pod = new PodGroup("atalaya-evasions");
    another = new PodGroup("atalaya-evasions-others", "decade");
  });
  after(() => {
    watch.close();
    pod.remove();
    outside.remove();
    another.remove();
  });
  const scene = () => watch;

  evasion(15, "in new namespaces a process is still its container's", ["process_exec"], scene, async () => {
    const inside = `${PodGroup.enter(pod.folder)} && exec unshare -m -u -i -n nsenter -t $$ -m /bin/true in-new-namespaces`;
    const { pid, status, stderr } = watch.run("/bin/sh", ["-c", inside]);
    assert.equal(status, 0, stderr);
    const run = await watch.first("exec", ({ task, argv }) => task.pid === pid && argv[1] === "in-new-namespaces");
    const shell = watch.of("exec", ({ task }) => task.pid === pid)[0];
    assert.notEqual(run.task.mntNs, shell?.task.mntNs);
    const event = eventsOf(watch).findLast((one) => one.pid === pid && one.argv?.[1] === "in-new-namespaces");
    assert.equal(event?.container_id, pod.containerId);
  });

  evasion(15, "a child in new namespaces is told with its flags", ["new_task"], scene, async () => {
    const inside = `${PodGroup.enter(pod.folder)} && exec ${watch.acts} namespace`;
    const { pid } = watch.run("/bin/sh", ["-c", inside]);
    const { cloneFlags } = await watch.first("namespace", ({ task }) => task.ppid === pid);
    assert.equal(cloneFlags & newNames, newNames);
    const event = eventsOf(watch).findLast((one) => one.activity === "namespace" && one.ppid === pid);
    assert.equal(event?.container_id, pod.containerId);
  });

  evasion(
    16,
    "who leaves its container's control group is its container's, and so are its children",
    ["process_exec"],
    scene,
    async () => {
      const paths = new CgroupPaths();
      paths.scan();
      for (const [elsewhere, name] of [
        [PodGroup.root(), "in-the-hosts"],
        [another.folder, "in-anothers"],
      ]) {
        const leave = `${PodGroup.enter(String(elsewhere))} && /bin/true ${name} && exec /bin/true ${name}-itself`;
        const { pid } = watch.run("/bin/sh", ["-c", `${PodGroup.enter(pod.folder)} && exec /bin/sh -c "$0"`, leave]);
        await watch.first("exec", ({ task, argv }) => task.pid === pid && argv[1] === `${name}-itself`);
        const left = eventsOf(watch, paths).filter(({ argv }) => argv?.[1] === name || argv?.[1] === `${name}-itself`);
        // Two programs, and their ends.
        assert.deepEqual(new Set(left.map((one) => one.container_id)), new Set([pod.containerId]));
        assert.ok(left.length >= 2);
        const { task } = await watch.first("exec", ({ argv }) => argv[1] === name);
        assert.notEqual(paths.get(2, task.cgroupIdV2)?.path.includes(pod.containerId), true, "it has left");
      }
      const host = watch.run("/bin/true", ["of-the-host"]);
      await watch.first("exec", ({ task }) => task.pid === host.pid);
      assert.equal(eventsOf(watch, paths).findLast((one) => one.pid === host.pid)?.container_id, "host");
    },
  );

  evasion(16, "a process that leaves its container is told, with who moved it", ["cgroup_moved"], scene, async () => {
    const [folder = ""] = outside.folders;
    const leave = `${PodGroup.enter(folder)} && exec /bin/true`;
    const { pid, status, stderr } = watch.run("/bin/sh", [
      "-c",
      `${PodGroup.enter(pod.folder)} && exec /bin/sh -c "$0"`,
      leave,
    ]);
    assert.equal(status, 0, stderr);
    const path = `/${basename(folder)}`;
    await watch.first("cgroup_move", (record) => record.task.pid === pid && record.path === path);
    // The other hierarchy's groups are older than the watch.
    const paths = new CgroupPaths();
    paths.scan();
    const left = eventsOf(watch, paths).find(
      (one) => "cgroup_path" in one && one.pid === pid && one.cgroup_path === path,
    );
    assert.ok(left?.class === "process");
    assert.deepEqual([left.left_container, left.mover_pid, left.container_id], [true, pid, pod.containerId]);
  });

  evasion(22, "one process id borne two hundred times is two hundred processes", ["process_exec"], scene, async () => {
    const pid = Number(perform(watch, "births", "again", "200", "/bin/true").stdout);
    await watch.first("exec", ({ task, argv }) => task.pid === pid && argv[1] === "life-199");
    const events = eventsOf(watch).filter((one) => one.pid === pid && one.argv?.[1]?.startsWith("life-"));
    for (let i = 0; i < 200; i++) {
      const life = events.filter((one) => one.argv?.[1] === `life-${i}`);
      assert.equal(new Set(life.map((one) => one.start_us)).size, 1, `life ${i}`);
      assert.ok(life.every((one) => one.ancestor_exe_paths?.[0] === `${watch.folder}/births`));
    }
    assert.equal(new Set(events.map((one) => one.start_us)).size, 200);
    watch.records.splice(0);
  });

  evasion(28, "a container in a container is the outer one's", ["cgroup_made", "cgroup_moved"], scene, async () => {
    const inner = pod.below("docker", "1".repeat(64));
    const { pid } = watch.run("/bin/sh", ["-c", `${PodGroup.enter(inner)} && exec /bin/true in-the-inner-one`]);
    // What a short container leaves: nothing.
    rmdirSync(inner);
    await watch.first("exec", ({ task, argv }) => task.pid === pid && argv[1] === "in-the-inner-one");
    const event = eventsOf(watch).findLast((one) => one.pid === pid && one.argv?.[1] === "in-the-inner-one");
    assert.equal(event?.container_id, pod.containerId);
    assert.equal(event?.k8s_pod_uid, "0b1d5c3e-0000-4000-8000-000000000000");
    watch.records.splice(0);
  });

  evasion(31, "who gave its child another parent is its ancestor", ["process_fork"], scene, async () => {
    const ran = perform(watch, "births", "foster", "/bin/true", "fostered");
    const [child = 0, grandchild = 0] = ran.stdout.split(" ").map(Number);
    const run = await watch.first("exec", ({ task }) => task.pid === grandchild);
    assert.equal(run.task.ppid, ran.pid, "what the kernel calls its parent");
    const event = eventsOf(watch).find((one) => one.pid === grandchild && one.argv?.[1] === "fostered");
    assert.deepEqual(event?.ancestor_pids?.slice(0, 2), [child, ran.pid]);
  });

  evasion(
    31,
    "children in their parent's memory have a line and a program of their own",
    ["process_fork"],
    scene,
    async () => {
      const ran = perform(watch, "births", "shared", "/bin/true", "in-shared-memory");
      const pids = ran.stdout.split(" ").map(Number);
      for (const pid of pids) {
        await watch.first("fork", ({ task }) => task.pid === pid && task.ppid === ran.pid);
        const event = eventsOf(watch).find((one) => one.pid === pid && one.argv?.[1] === "in-shared-memory");
        assert.equal(event?.ancestor_pids?.[0], ran.pid);
      }
      assert.equal(pids.length, 2);
    },
  );
});
