import assert from "node:assert/strict";
import { chmodSync, copyFileSync, lstatSync, realpathSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { KernelWatch } from "./kernel-watch.ts";

describe("executions", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  before(async () => {
    watch = await KernelWatch.open({ exec_names: ["modprobe-absent", "not-executable"] });
  });
  after(() => watch.close());

  test("an execution carries arguments, directory, path and file of the program", async () => {
    const { pid } = watch.run("/bin/echo", ["one", "", "three four"], { cwd: "/usr/share" });
    const exec = await watch.first("exec", (record) => record.task.pid === pid);
    assert.deepEqual(exec.argv, ["/bin/echo", "one", "", "three four"]);
    assert.equal(exec.argc, 4);
    assert.equal(exec.argsTruncated, false);
    assert.equal(exec.cwd, "/usr/share");
    assert.equal(exec.filename, "/bin/echo");
    assert.equal(exec.exePath, realpathSync("/bin/echo"));
    const file = lstatSync(exec.exePath);
    assert.equal(exec.exeInode, file.ino);
    assert.equal(exec.exeDevice, file.dev);
    assert.equal(exec.exeMode, file.mode);
    assert.deepEqual([exec.exeUpperLayer, exec.exeMemfd, exec.exeDeleted], [false, false, false]);
  });

  test("the task is whole: parent, ids, namespaces, name", async () => {
    const { pid } = watch.run("/bin/sh", ["-c", "exec /bin/true"], { uid: 65534 });
    const { task } = await watch.first("exec", (record) => record.task.pid === pid && record.task.comm === "true");
    assert.equal(task.tid, pid);
    assert.equal(task.ppid, process.pid);
    assert.equal(task.nsPid, pid);
    assert.deepEqual([task.uid, task.euid, task.capEffective], [65534, 65534, 0]);
    assert.ok(task.startUs > task.parentStartUs && task.parentStartUs > 0);
    assert.ok(task.mntNs > 0 && task.pidNs > 0 && task.netNs > 0 && task.cgroupIdV2 > 0);
  });

  test("a set-user-id program is told with whom it made the process, and another is not", async () => {
    const copy = (name: string, mode: number) => {
      const path = `${watch.folder}/${name}`;
      copyFileSync("/bin/true", path);
      chmodSync(path, mode);
      return path;
    };
    chmodSync(watch.folder, 0o755);
    const started = async (path: string) => {
      const { pid } = watch.run(path, [], { uid: 65534 });
      return await watch.first("exec", (record) => record.task.pid === pid && record.exePath === path);
    };
    const whole = (await started(copy("set-user-id", 0o4755))).task;
    assert.deepEqual([whole.uid, whole.euid], [65534, 0]);
    assert.ok(whole.capEffective > 2 ** 21, "root's capabilities, SYS_ADMIN among them");
    const plain = (await started(copy("plain", 0o755))).task;
    assert.deepEqual([plain.uid, plain.euid, plain.capEffective], [65534, 65534, 0]);
  });

  test("of a script, the interpreter is the program and the script is in the arguments", async () => {
    const script = `${watch.folder}/script`;
    writeFileSync(script, "#!/bin/sh -e\ntrue\n", { mode: 0o755 });
    const { pid } = watch.run(script, ["argument"]);
    const exec = await watch.first("exec", (record) => record.task.pid === pid);
    assert.equal(exec.filename, script);
    assert.equal(exec.interpreter, "/bin/sh");
    assert.equal(exec.exePath, realpathSync("/bin/sh"));
    assert.deepEqual(exec.argv, ["/bin/sh", "-e", script, "argument"]);
  });

  test("of 100 KB of arguments the head and the tail arrive, and it is said", async () => {
    const { pid } = watch.run("/bin/true", ["head-marker", "x".repeat(100_000), "tail-marker"]);
    const exec = await watch.first("exec", (record) => record.task.pid === pid);
    assert.equal(exec.argsTruncated, true);
    assert.ok(exec.argsBytesTotal > 100_000);
    assert.equal(exec.argv[1], "head-marker");
    assert.equal(exec.argv.at(-1), "tail-marker");
    assert.ok(exec.argv.includes("…"));
  });

  test("a program that runs from a memfd is marked", async () => {
    const { pid, status } = watch.act("memfd", "/bin/true");
    assert.equal(status, 0);
    const exec = await watch.first("exec", (record) => record.task.pid === pid && record.exeMemfd);
    assert.equal(exec.exePath, "/memfd:payload");
    assert.equal(exec.exeDeleted, false);
  });

  test("a program whose file is gone is marked", async () => {
    const path = `${watch.folder}/gone`;
    copyFileSync(watch.acts, path);
    const { pid } = watch.run("/bin/sh", ["-c", `exec 9<${path}; rm ${path}; exec /dev/fd/9 nothing`]);
    const exec = await watch.first("exec", (record) => record.task.pid === pid && record.exeDeleted);
    assert.equal(exec.exePath, path);
    assert.equal(exec.exeMemfd, false);
  });

  test("in an overlay, a program of the upper layer is marked and one of the lower layer is not", async () => {
    const [lower, merged] = [watch.makeFolder("lower"), watch.makeFolder("merged")];
    copyFileSync(watch.acts, `${lower}/from-image`);
    const upper = watch.makeFolder("upper");
    const script = [
      `mount -t tmpfs none ${upper}`,
      `mkdir ${upper}/up ${upper}/work`,
      `mount -t overlay overlay -o lowerdir=${lower},upperdir=${upper}/up,workdir=${upper}/work ${merged}`,
      `cp ${merged}/from-image ${merged}/dropped`,
      `${merged}/from-image nothing`,
      `${merged}/dropped nothing`,
    ].join(" && ");
    const { status, stderr } = watch.run("unshare", ["-m", "sh", "-c", script]);
    assert.equal(status, 0, stderr);
    const dropped = await watch.first("exec", (record) => record.exePath === `${merged}/dropped`);
    const fromImage = await watch.first("exec", (record) => record.exePath === `${merged}/from-image`);
    assert.equal(dropped.exeUpperLayer, true);
    assert.equal(fromImage.exeUpperLayer, false);
  });

  test("paths inside a container's root begin at that root", async () => {
    const folder = watch.makeFolder("container-root");
    watch.makeFolder("container-root/outside");
    watch.makeFolder("container-root/bin");
    copyFileSync(watch.acts, `${folder}/bin/acts`);
    const script = `mount --bind ${folder} ${folder} && cd ${folder} && pivot_root . outside && exec /bin/acts nothing`;
    const { pid, status, stderr } = watch.run("unshare", ["-m", "sh", "-c", script]);
    assert.equal(status, 0, stderr);
    const exec = await watch.first("exec", (record) => record.task.pid === pid && record.task.comm === "acts");
    assert.deepEqual([exec.exePath, exec.cwd], ["/bin/acts", "/"]);
  });

  test("a program that lives for a millisecond is complete, and its exit follows", async () => {
    const { pid } = watch.act("nothing");
    const exec = await watch.first("exec", (record) => record.task.pid === pid);
    const exit = await watch.first("exit", (record) => record.task.pid === pid);
    assert.equal(exec.exePath, watch.acts);
    assert.deepEqual(exec.argv, [watch.acts, "nothing"]);
    assert.ok(exit.position > exec.position);
    assert.equal(exit.task.startUs, exec.task.startUs);
  });

  test("a refused execution of a watched name is reported with its error", async () => {
    const { pid } = watch.act("exec", "/sbin/modprobe-absent");
    const missing = await watch.first("exec_failed", (record) => record.task.pid === pid);
    assert.equal(missing.filename, "/sbin/modprobe-absent");
    assert.equal(missing.error, -2);
    const path = `${watch.folder}/not-executable`;
    writeFileSync(path, "");
    const second = watch.act("exec", path);
    const refused = await watch.first("exec_failed", (record) => record.task.pid === second.pid);
    assert.equal(refused.error, -13);
  });

  test("a refused execution of any other name stays in the kernel", async () => {
    const filtered = watch.count("exec_failed", "filtered");
    const { pid } = watch.act("exec", "/sbin/nobody-asked");
    await watch.first("exit", (record) => record.task.pid === pid);
    assert.equal(watch.of("exec_failed", (record) => record.task.pid === pid).length, 0);
    assert.ok(watch.count("exec_failed", "filtered") > filtered);
  });
});
