import assert from "node:assert/strict";
import { existsSync, mkdirSync, rmdirSync, statSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { cgroupRoot } from "../src/kernel/cgroup-root.ts";
import { procSnapshot } from "../src/kernel/proc-snapshot.ts";
import { everything, KernelWatch } from "./kernel-watch.ts";

describe("the life of processes", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  before(async () => {
    watch = await KernelWatch.open(everything);
  });
  after(() => watch.close());

  test("every program that loads here is attached, and one that does not says why", () => {
    for (const program of watch.source.programs) {
      if (program.attached) assert.equal(program.reason, undefined);
      else assert.ok(program.reason, program.name);
    }
    const attached = watch.source.programs.filter((program) => program.attached).map((program) => program.name);
    for (const name of ["process_exec", "process_fork", "process_exit", "exit_openat", "exit_execve", "connect4"]) {
      assert.ok(attached.includes(name), name);
    }
  });

  test("a fork and its exit come in order, with the exit code", async () => {
    const { pid } = watch.run("/bin/sh", ["-c", "(exit 7) & wait $!; exit 3"]);
    const exit = await watch.first("exit", (record) => record.task.pid === pid);
    assert.deepEqual([exit.exitCode, exit.exitSignal], [3, 0]);
    const fork = await watch.first("fork", (record) => record.task.ppid === pid);
    const childExit = await watch.first("exit", (record) => record.task.pid === fork.task.pid);
    assert.equal(childExit.exitCode, 7);
    assert.ok(fork.position < childExit.position && childExit.position < exit.position);
    assert.equal(fork.task.parentStartUs, exit.task.startUs);
    assert.equal(fork.task.startUs, childExit.task.startUs);
  });

  test("a process that a signal ends says which", async () => {
    const { pid } = watch.run("/bin/sh", ["-c", "kill -KILL $$"]);
    const exit = await watch.first("exit", (record) => record.task.pid === pid);
    assert.deepEqual([exit.exitCode, exit.exitSignal], [0, 9]);
  });

  test("a child in new namespaces is reported with the clone flags", async () => {
    const { pid } = watch.act("namespace");
    const made = await watch.first("namespace", (record) => record.task.ppid === pid);
    assert.equal(made.cloneFlags & 0x04000000, 0x04000000);
  });

  test("a new cgroup of the unified hierarchy is reported with its id and path", async (t) => {
    const mount = cgroupRoot();
    if (mount === undefined) return t.skip("no cgroup v2");
    const name = `atalaya-test-${process.pid}`;
    mkdirSync(`${mount}/${name}`);
    const id = statSync(`${mount}/${name}`).ino;
    rmdirSync(`${mount}/${name}`);
    const made = await watch.first("cgroup_mkdir", (record) => record.path === `/${name}`);
    assert.deepEqual([made.cgroupId, made.version, made.task.pid], [id, 2, process.pid]);
  });

  test("of the v1 hierarchies, only the memory controller's new cgroups are reported", async (t) => {
    if (!existsSync("/sys/fs/cgroup/memory/tasks")) return t.skip("no cgroup v1");
    const name = `atalaya-test-v1-${process.pid}`;
    mkdirSync(`/sys/fs/cgroup/pids/${name}`);
    rmdirSync(`/sys/fs/cgroup/pids/${name}`);
    mkdirSync(`/sys/fs/cgroup/memory/${name}`);
    const id = statSync(`/sys/fs/cgroup/memory/${name}`).ino;
    rmdirSync(`/sys/fs/cgroup/memory/${name}`);
    const made = await watch.first("cgroup_mkdir", (record) => record.path === `/${name}`);
    assert.deepEqual([made.cgroupId, made.version], [id, 1]);
    assert.equal(watch.of("cgroup_mkdir", (record) => record.path === `/${name}`).length, 1);
  });

  test("the snapshot holds this process, as /proc does, and as its own fork and exec records would", () => {
    const own = watch.source.snapshot().find((record) => record.task.pid === process.pid);
    const fromProc = procSnapshot().find((record) => record.task.pid === process.pid);
    assert.ok(own?.kind === "snapshot" && fromProc?.kind === "snapshot");
    assert.equal(own.exePath, fromProc.exePath);
    assert.equal(own.cwd, fromProc.cwd);
    assert.deepEqual(own.argv, fromProc.argv);
    assert.equal(own.exeInode, fromProc.exeInode);
    assert.equal(own.exeDevice, fromProc.exeDevice);
    assert.deepEqual([own.capPermitted, own.nsPgid], [fromProc.capPermitted, fromProc.nsPgid]);
    // /proc counts time in 10 ms and the name of a thread may differ: the rest is the same.
    const same = (task: typeof own.task) => ({ ...task, startUs: 0, parentStartUs: 0, comm: "", tid: 0 });
    assert.deepEqual(same(own.task), same(fromProc.task));
    assert.ok(Math.abs(own.task.startUs - fromProc.task.startUs) <= 10_000);
  });

  test("a process has the same key in the snapshot as in its records", async () => {
    const child = watch.run("/bin/sh", ["-c", "sleep 30 >/dev/null 2>&1 & echo $!"]);
    const pid = Number(child.stdout);
    const snapshot = watch.source.snapshot().find((record) => record.task.pid === pid);
    process.kill(pid);
    const fork = await watch.first("fork", (record) => record.task.pid === pid);
    const exit = await watch.first("exit", (record) => record.task.pid === pid);
    assert.equal(snapshot?.task.startUs, fork.task.startUs);
    assert.equal(exit.task.startUs, fork.task.startUs);
    assert.equal(exit.exitSignal, 15);
  });
});
