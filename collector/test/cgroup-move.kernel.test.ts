import assert from "node:assert/strict";
import { existsSync, mkdirSync, rmdirSync } from "node:fs";
import { basename, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { KernelWatch } from "./kernel-watch.ts";
import { OwnGroups } from "./own-groups.ts";

const memory = "/sys/fs/cgroup/memory";

describe("moves between control groups", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  let groups: OwnGroups;
  before(async () => {
    watch = await KernelWatch.open({ calls: ["cgroup_move"] });
    groups = new OwnGroups("atalaya-moves", 2);
  });
  after(() => {
    watch.close();
    groups.remove();
  });

  test("a process that moves itself is told with the group, which it is in already", async () => {
    const [folder = ""] = groups.folders;
    const { pid } = watch.run("/bin/sh", ["-c", `echo $$ > ${folder}/cgroup.procs && exec /bin/true`]);
    const moved = await watch.first("cgroup_move", ({ task }) => task.pid === pid);
    assert.deepEqual([moved.path, moved.version, moved.ring], [`/${basename(folder)}`, 2, "lifecycle"]);
    assert.equal(moved.task.cgroupIdV2, moved.cgroupId);
    assert.deepEqual([moved.moverPid, moved.moverStartUs], [pid, moved.task.startUs]);
  });

  test("one that is moved by another is told with the other", async () => {
    const [folder = ""] = groups.folders;
    const script = `sleep 5 & echo $! > ${folder}/cgroup.procs; kill $!; echo $!`;
    const { pid, stdout } = watch.run("/bin/sh", ["-c", script]);
    const moved = await watch.first("cgroup_move", ({ task }) => task.pid === Number(stdout));
    assert.equal(moved.moverPid, pid);
  });

  test("who moves many uses up its own budget, not that of the group where they go", async () => {
    const [folder = "", another = ""] = groups.folders;
    const flood = `i=0; while [ $i -lt 400 ]; do echo $$ > ${another}/cgroup.procs; i=$((i + 1)); done`;
    // Its own group is where it goes: the mover's budget, and the target's, are one.
    const [, ...shell] = OwnGroups.within(another, ["/bin/sh", "-c", flood]);
    const flooder = watch.run("/bin/sh", shell);
    const script = `sleep 5 & echo $! > ${another}/cgroup.procs; echo $!; kill $!`;
    const [, ...within] = OwnGroups.within(folder, ["/bin/sh", "-c", script]);
    const { pid, stdout } = watch.run("/bin/sh", within);
    const moved = await watch.first("cgroup_move", ({ task }) => task.pid === Number(stdout));
    assert.equal(moved.moverPid, pid);
    const told = watch.of("cgroup_move", ({ task }) => task.pid === flooder.pid).length;
    assert.ok(told < 400, `${told} of 400 were told`);
  });

  test("of the older hierarchies the memory controller's is told", {
    skip: !existsSync(`${memory}/tasks`),
  }, async () => {
    const folder = join(memory, `atalaya-moves-${process.pid}`);
    mkdirSync(folder);
    try {
      const { pid } = watch.run("/bin/sh", ["-c", `echo $$ > ${folder}/tasks && exec /bin/true`]);
      const moved = await watch.first("cgroup_move", ({ task }) => task.pid === pid);
      assert.deepEqual([moved.path, moved.version], [`/${basename(folder)}`, 1]);
      assert.equal(moved.task.cgroupIdV1, moved.cgroupId);
      await watch.first("exit", ({ task }) => task.pid === pid);
    } finally {
      rmdirSync(folder);
    }
  });

  test("nobody gets it unasked", async () => {
    watch.setPlan({});
    const [folder = ""] = groups.folders;
    const { pid } = watch.run("/bin/sh", ["-c", `echo $$ > ${folder}/cgroup.procs && exec /bin/true`]);
    await watch.first("exit", ({ task }) => task.pid === pid);
    assert.equal(watch.of("cgroup_move", ({ task }) => task.pid === pid).length, 0);
    assert.equal(watch.source.programs.find(({ name }) => name === "cgroup_moved")?.attached, true, "it marks strays");
  });
});
