import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { release } from "node:os";
import { after, before, describe } from "node:test";
import type { SyscallEvent } from "@atalaya/wire";
import { skipUnless } from "../../../tools/testing/needs.ts";
import { deedOf, targetOf, targetPidOf } from "../../src/call-target.ts";
import { programPlans } from "../../src/kernel/programs.ts";
import { rareCalls } from "../../src/rare-calls.ts";
import { callProgram } from "../call-program.ts";
import { KernelWatch } from "../kernel-watch.ts";
import { evasion, eventsOf, perform } from "./evasion.ts";

/** Since Linux 6.13 the file in a ring's slot can be found. */
const [major = 0, minor = 0] = release().split(".").map(Number);
const hasSlots = major > 6 || (major === 6 && minor >= 13);

describe("evasions by calls that few programs need", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  let folder: string;
  before(async () => {
    watch = await KernelWatch.open({
      calls: [...rareCalls, "sensor_signal", "sensor_bpf"],
      open_names: ["userfaultfd", "fuse"],
    });
    folder = watch.makeFolder("mounted");
  });
  after(() => watch.close());
  const scene = () => watch;

  /** What the process did that made the call, as an event (the one about `target`, where that is given); and whom it says it was about. */
  async function made(name: string, activity: string, target?: string) {
    const { pid, status, stdout, stderr } = watch.run(callProgram(watch), [name, folder]);
    assert.equal(status, 0, stderr);
    await watch.first("exit", (record) => record.task.pid === pid);
    const event = eventsOf(watch).find(
      (one) =>
        one.class === "kernel" &&
        one.pid === pid &&
        one.activity === activity &&
        (target === undefined || one.target === target),
    );
    assert.ok(event?.class === "kernel");
    return { event, other: Number(stdout) };
  }

  for (const call of ["ptrace", "process_vm_readv", "process_vm_writev"] as const) {
    evasion(17, `${call} tells whose memory it was`, [`exit_${call}`], scene, async () => {
      const { event, other } = await made(call === "ptrace" ? "PTRACE_POKEDATA" : call, call);
      assert.equal(event.target_pid, other);
    });
  }
  evasion(17, "pidfd_getfd tells what it took", ["exit_pidfd_getfd"], scene, async () => {
    assert.equal((await made("pidfd_getfd", "pidfd_getfd")).event.target, "unix");
  });
  const memory = { proc_mem_open: "/proc/%/mem", proc_mem_open_elsewhere: "FOLDER/%/task/%/mem" };
  for (const [act, path] of Object.entries(memory)) {
    evasion(17, `${act}: /proc/PID/mem for writing tells whose it is`, ["exit_openat"], scene, async () => {
      const { event, other } = await made(act, "proc_mem_open");
      const told = path.replace("FOLDER", folder).replaceAll("%", String(other));
      assert.deepEqual([event.target, event.target_pid], [told, other]);
      assert.match(event.target_cmdline ?? "", /calls/);
    });
  }
  for (const how of ["write", ...(hasSlots ? ["write-direct"] : [])]) {
    evasion(17, `/proc/PID/mem by io_uring (${how}) tells whose it is`, ["uring_complete"], scene, async () => {
      const other = spawn("sleep", ["1000"], { stdio: "ignore" });
      const target = `/proc/${other.pid}/mem`;
      const { pid } = perform(watch, "uring", how, target);
      other.kill("SIGKILL");
      const record = await watch.first("call", ({ task, call }) => task.pid === pid && call === "proc_mem_open");
      assert.deepEqual([targetOf(record), targetPidOf(record)], [target, other.pid]);
    });
  }
  evasion(20, "move_mount tells where the mount went", ["exit_move_mount"], scene, async () => {
    assert.equal((await made("move_mount", "move_mount")).event.target, folder);
  });
  evasion(20, "fsopen and fsconfig tell what a mount is made of", ["exit_fsopen", "exit_fsconfig"], scene, async () => {
    assert.equal((await made("fsmount", "fsopen")).event.target, "tmpfs");
    const { event } = await made("fsmount", "fsconfig");
    assert.deepEqual([event.target, event.target_object], ["size", null]);
  });
  evasion(20, "fsconfig tells from where a mount comes, without secrets", ["exit_fsconfig"], scene, async () => {
    const { event } = await made("fsmount", "fsconfig", "source");
    assert.equal(event.target_object, "https://me:<redacted>@server/share");
  });
  const changes = "set=MOUNT_ATTR_NODEV|MOUNT_ATTR_NOEXEC clear=MOUNT_ATTR_RDONLY propagation=MS_PRIVATE";
  evasion(20, "mount_setattr tells which mount it was, and what changes", ["exit_mount_setattr"], scene, async () => {
    const { event } = await made("mount_setattr", "mount_setattr");
    assert.deepEqual([event.target, event.target_object], [folder, changes]);
  });
  const treeAttr = "exit_open_tree_attr";
  if (programPlans.some(({ program }) => program === treeAttr))
    evasion(20, "open_tree_attr tells the same, and that the tree was opened", [treeAttr], scene, async () => {
      const { event } = await made("open_tree_attr", "mount_setattr");
      assert.deepEqual([event.target, event.target_object], [folder, changes]);
      assert.equal((await made("open_tree_attr", "open_tree")).event.target, folder);
    });
  evasion(26, "userfaultfd is told", ["exit_userfaultfd"], scene, async () => {
    assert.equal((await made("userfaultfd", "userfaultfd")).event.name, "calls");
  });
  for (const device of ["/dev/userfaultfd", "/dev/fuse"]) {
    evasion(26, `${device} is told, opened or refused`, ["exit_openat"], scene, async () => {
      const { pid } = watch.run("/bin/dd", [`if=${device}`, "count=0"]);
      await watch.first("exit", ({ task }) => task.pid === pid);
      const isOfDevice = (one: SyscallEvent) => one.class === "file" && one.pid === pid && one.path === device;
      assert.ok(eventsOf(watch).some(isOfDevice));
    });
  }
  for (const [call, as] of [
    ...["kill", "tkill", "tgkill", "pidfd_send_signal"].map((one) => [one, one] as const),
    ["rt_sigqueueinfo", "kill"],
    ["rt_tgsigqueueinfo", "tgkill"],
  ] as const) {
    evasion(27, `a signal by ${call} is told, with the process`, [`exit_${call}`], scene, async () => {
      const { event, other } = await made(call, as);
      assert.deepEqual([event.target, event.target_pid], ["SIGSTOP", other]);
      assert.match(event.target_cmdline ?? "", /calls/);
    });
  }
  evasion(27, "a program that others load into the kernel is told", ["exit_bpf"], scene, async () => {
    assert.equal((await made("bpf", "bpf")).event.target, "BPF_PROG_LOAD");
  });
  evasion(27, "a signal to the sensor is told as such, by whatever call", ["sensor_signal"], scene, async () => {
    const part = spawn("sleep", ["1000"], { stdio: "ignore" });
    watch.source.nameOwnTask("publisher", part.pid ?? 0);
    const { pid } = watch.run("/bin/kill", ["-s", "STOP", String(part.pid)]);
    part.kill("SIGKILL");
    const record = await watch.first("sensor_signal", ({ task }) => task.pid === pid);
    assert.deepEqual([deedOf(record), record.target, record.targetPid], ["SIGSTOP", "publisher", part.pid]);
  });
  evasion(27, "bpf() on the sensor's maps is told as such", ["sensor_bpf"], scene, async () => {
    const { pid } = watch.run("bpftool", ["map", "show"]);
    const record = await watch.first("sensor_bpf", ({ task, target }) => task.pid === pid && target === "map settings");
    assert.equal(deedOf(record), "BPF_MAP_GET_FD_BY_ID");
  });
});
