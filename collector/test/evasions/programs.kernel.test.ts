import assert from "node:assert/strict";
import { copyFileSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { after, before, describe } from "node:test";
import { skipUnless } from "../../../tools/testing/needs.ts";
import { KernelWatch } from "../kernel-watch.ts";
import { built, evasion, eventsOf, perform } from "./evasion.ts";

const exec = ["process_exec"];

describe("evasions by programs", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  before(async () => {
    watch = await KernelWatch.open({ open_names: ["flooded"] });
    writeFileSync(`${watch.folder}/flooded`, "");
  });
  after(() => watch.close());
  const scene = () => watch;
  const real = realpathSync("/bin/true");

  evasion(4, "a program that is run by int 0x80 is told", exec, scene, async () => {
    const { pid } = perform(watch, "int80", "exec", "/bin/true");
    const run = await watch.first("exec", ({ task, exePath }) => task.pid === pid && exePath === real);
    assert.deepEqual([run.filename, run.argv], ["/bin/true", ["/bin/true", "/bin/true"]]);
  });

  evasion(7, "execveat of a descriptor with no path gives the program", exec, scene, async () => {
    const { pid } = perform(watch, "runs", "at-empty", "/bin/true", "marker");
    const run = await watch.first("exec", ({ task, exePath }) => task.pid === pid && exePath === real);
    assert.deepEqual(run.argv, ["/bin/true", "marker"]);
    assert.match(run.filename, /^\/dev\/fd\/\d+$/);
    assert.deepEqual([run.exeMemfd, run.exeDeleted], [false, false]);
  });

  evasion(7, "fexecve of a memfd is marked as one", exec, scene, async () => {
    const { pid } = watch.act("memfd", "/bin/true");
    const run = await watch.first("exec", ({ task, exeMemfd }) => task.pid === pid && exeMemfd);
    assert.deepEqual([run.exePath, run.exeDeleted], ["/memfd:payload", false]);
  });

  evasion(7, "a program whose file is gone is marked, with the path that it had", exec, scene, async () => {
    const path = `${watch.folder}/gone`;
    copyFileSync(watch.acts, path);
    const { pid } = watch.run("/bin/sh", ["-c", `exec 9<${path}; rm ${path}; exec /dev/fd/9 nothing`]);
    const run = await watch.first("exec", ({ task, exeDeleted }) => task.pid === pid && exeDeleted);
    assert.deepEqual([run.exePath, run.exeMemfd], [path, false]);
  });

  evasion(8, "/proc/self/exe is the program, and a busybox applet its first argument", exec, scene, async () => {
    const busybox = `${watch.folder}/busybox`;
    copyFileSync("/bin/busybox", busybox);
    const { pid } = watch.run(busybox, ["sh", "-c", "exec -a wget /proc/self/exe --help"]);
    const run = await watch.first("exec", ({ task, filename }) => task.pid === pid && filename === "/proc/self/exe");
    assert.deepEqual([run.exePath, run.argv[0]], [busybox, "wget"]);
  });

  evasion(9, "of a symbolic link, both the link and the program are told", exec, scene, async () => {
    const link = `${watch.folder}/innocent-${Math.random()}`;
    symlinkSync("/bin/true", link);
    const { pid } = watch.run(link, []);
    const run = await watch.first("exec", ({ task }) => task.pid === pid);
    assert.deepEqual([run.filename, run.exePath], [link, real]);
  });

  evasion(10, "a false argv[0] does not name the program", exec, scene, async () => {
    const { pid } = perform(watch, "runs", "as", "/bin/true", "[kworker/0:1]");
    const run = await watch.first("exec", ({ task, exePath }) => task.pid === pid && exePath === real);
    assert.deepEqual([run.argv, run.task.comm], [["[kworker/0:1]"], "true"]);
  });

  evasion(10, "a program without any argument is told", exec, scene, async () => {
    const { pid } = watch.run(built(watch, "runs"), ["nothing-given", "/bin/true"]);
    const run = await watch.first("exec", ({ task, exePath }) => task.pid === pid && exePath === real);
    assert.deepEqual(run.argv.join(""), "");
  });

  evasion(11, "behind 100 KB of arguments the last one is told", exec, scene, async () => {
    const { pid } = watch.run("/bin/true", ["x".repeat(100_000), "tail-marker"]);
    const run = await watch.first("exec", ({ task }) => task.pid === pid);
    assert.deepEqual([run.argv.at(-1), run.argsTruncated], ["tail-marker", true]);
    assert.ok(run.argsBytesTotal > 100_000);
  });

  evasion(12, "a program run by another thread is one event of the process", exec, scene, async () => {
    const { pid } = perform(watch, "runs", "thread", "/bin/true", "by-a-thread");
    await watch.first("exec", ({ task, exePath }) => task.pid === pid && exePath === real);
    const runs = watch.of("exec", ({ argv }) => argv[1] === "by-a-thread");
    assert.deepEqual([runs.at(-1)?.task.pid, runs.at(-1)?.task.tid], [pid, pid]);
    assert.equal(watch.of("exec", ({ task, argv }) => task.pid === pid && argv[1] === "by-a-thread").length, 1);
  });

  evasion(13, "a script and what `sh -c` is given are told", exec, scene, async () => {
    const script = `${watch.folder}/script-${Math.random()}`;
    writeFileSync(script, "#!/bin/sh -e\ntrue\n", { mode: 0o755 });
    const { pid } = watch.run(script, ["argument"]);
    const run = await watch.first("exec", ({ task }) => task.pid === pid);
    assert.deepEqual([run.filename, run.interpreter, run.exePath], [script, "/bin/sh", realpathSync("/bin/sh")]);
    assert.deepEqual(run.argv, ["/bin/sh", "-e", script, "argument"]);
    const inline = watch.run("/bin/sh", ["-c", "true # evil"]);
    const second = await watch.first("exec", ({ task }) => task.pid === inline.pid);
    assert.deepEqual(second.argv, ["/bin/sh", "-c", "true # evil"]);
  });

  evasion(13, "a shell that is given its script over standard input is told so", exec, scene, async () => {
    const outer = watch.run("/bin/sh", ["-c", "printf 'true # no argument' | /bin/sh"]);
    const run = await watch.first("exec", ({ task, argv }) => task.ppid === outer.pid && argv[0] === "/bin/sh");
    assert.deepEqual([run.argv, run.streams?.[0]], [["/bin/sh"], "pipe"]);
    const file = `${watch.folder}/no-script-${Math.random()}`;
    writeFileSync(file, "true\n");
    const { pid } = watch.run("/bin/sh", ["-c", 'exec /bin/sh < "$0"', file]);
    const second = await watch.first("exec", ({ task, argv }) => task.pid === pid && argv.length === 1);
    assert.deepEqual(second.streams?.[0], "file");
  });

  evasion(18, "a program that was received over a socket is told where it runs", exec, scene, async () => {
    const { stdout } = perform(watch, "runs", "passed", "/bin/true", "was-passed");
    const run = await watch.first("exec", ({ task }) => task.pid === Number(stdout));
    assert.deepEqual([run.exePath, run.exeMemfd, run.argv[1]], ["/memfd:passed", true, "was-passed"]);
  });

  evasion(23, "behind a flood of opens a program is told, and the loss is counted", exec, scene, async () => {
    const lost = watch.count("open", "throttled");
    for (let i = 0; i < 2; i++) watch.act("opens", "openat", "40000", `${watch.folder}/flooded`);
    const { pid } = watch.run("/bin/true", ["after-the-flood"]);
    assert.ok(watch.count("open", "throttled") > lost, "the flood was one");
    const run = await watch.first("exec", ({ task }) => task.pid === pid);
    assert.deepEqual(run.argv, ["/bin/true", "after-the-flood"]);
    assert.equal(watch.count("exec", "ring_full"), 0);
  });

  evasion(24, "a process that is gone at once is told whole", exec, scene, async () => {
    const { pid } = watch.run(watch.acts, ["nothing"], { cwd: "/usr/share" });
    const run = await watch.first("exec", ({ task }) => task.pid === pid);
    assert.deepEqual([run.exePath, run.argv, run.cwd], [watch.acts, [watch.acts, "nothing"], "/usr/share"]);
    assert.deepEqual([run.task.ppid, run.task.comm, run.task.uid], [process.pid, "acts", 0]);
    assert.ok(run.task.cgroupIdV2 > 0 && run.task.mntNs > 0 && run.exeInode > 0);
  });

  evasion(32, "of four thousand programs in a storm each is told or counted", exec, scene, async () => {
    const lost = () => watch.count("exec", "ring_full") + watch.count("exec", "scratch_busy");
    const before = lost();
    const { pid } = watch.run("/bin/sh", [
      "-c",
      `for i in 1 2 3 4; do ${watch.acts} execs 1000 /bin/true & done; wait`,
    ]);
    await watch.first("exit", ({ task }) => task.pid === pid);
    const told = watch.of("exec", ({ argv }) => argv[0] === "acts-child");
    assert.equal(told.length + lost() - before, 4_000);
    watch.records.splice(0);
  });

  evasion(8, "events of an applet carry its name in the arguments", exec, scene, async () => {
    const busybox = `${watch.folder}/busybox`;
    const { pid } = watch.run(busybox, ["sh", "-c", "exec -a nc /proc/self/exe --help"]);
    await watch.first("exec", ({ task, argv }) => task.pid === pid && argv[0] === "nc");
    const event = eventsOf(watch).find((one) => one.pid === pid && one.argv?.[0] === "nc");
    assert.equal(event?.exe_path, busybox);
  });
});
