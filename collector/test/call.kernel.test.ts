import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { after, before, describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { targetOf, targetPidOf } from "../src/call-target.ts";
import { programPlans } from "../src/kernel/programs.ts";
import type { CallRecord } from "../src/kernel-record.ts";
import { rareCalls } from "../src/rare-calls.ts";
import { callProgram } from "./call-program.ts";
import { countedParts, KernelWatch } from "./kernel-watch.ts";

/** Since Linux 6.15. */
const hasOpenTreeAttr = programPlans.some(({ program }) => program === "exit_open_tree_attr");

describe("rare calls", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  let program: string;
  let folder: string;
  before(async () => {
    watch = await KernelWatch.open({ calls: [...rareCalls] });
    program = callProgram(watch);
    folder = watch.makeFolder("mounted");
  });
  after(() => watch.close());

  /** The records of what a process did, which are in the ring before its end is; and whom it says it was about. */
  async function made(name: string): Promise<{ calls: CallRecord[]; other: number; status: number | null }> {
    const { pid, status, stdout, stderr } = watch.run(program, [name, folder]);
    if (name !== "refused") assert.equal(status, 0, stderr);
    await watch.first("exit", (record) => record.task.pid === pid);
    return { calls: watch.of("call", (record) => record.task.pid === pid), other: Number(stdout), status };
  }
  const targets = (calls: readonly CallRecord[]) => calls.map((one) => [one.call, targetOf(one), targetPidOf(one)]);

  test("a change of another process' memory by ptrace is told, with the process; a look is not", async () => {
    const { calls, other } = await made("PTRACE_POKEDATA");
    assert.deepEqual(targets(calls), [
      ["ptrace", "PTRACE_ATTACH", other],
      ["ptrace", "PTRACE_POKEDATA", other],
    ]);
    const poke = calls[1];
    assert.deepEqual([poke?.arguments[0], poke?.arguments[1], poke?.arguments[3]], [5, other, 43]);
    assert.deepEqual([poke?.result, poke?.text, poke?.task.comm, poke?.ring], [0, undefined, "calls", "bulk"]);
  });

  for (const [name, target] of [
    ["PTRACE_SEIZE", "PTRACE_SEIZE"],
    ["process_vm_readv", undefined],
    ["process_vm_writev", undefined],
    ["kill", "SIGSTOP"],
    ["tkill", "SIGSTOP"],
    ["tgkill", "SIGSTOP"],
    ["pidfd_send_signal", "SIGSTOP"],
    ["pidfd_getfd", "unix"],
  ] as const) {
    test(`${name} is told, with the process that it was about`, async () => {
      const { calls, other } = await made(name);
      assert.deepEqual(targets(calls), [[target?.startsWith("PTRACE") ? "ptrace" : name, target, other]]);
    });
  }

  for (const [name, as] of [
    ["rt_sigqueueinfo", "kill"],
    ["rt_tgsigqueueinfo", "tgkill"],
  ] as const) {
    test(`a signal that ${name} queues is told as one of ${as}, with the process`, async () => {
      const { calls, other } = await made(name);
      assert.deepEqual(targets(calls), [[as, "SIGSTOP", other]]);
    });
  }

  for (const [name, wanted] of [
    ["PTRACE_TRACEME", [["ptrace", "PTRACE_TRACEME", undefined]]],
    ["memfd_create", [["memfd_create", "payload", undefined]]],
    ["setns", [["setns", "CLONE_NEWUTS", undefined]]],
    ["unshare", [["unshare", "CLONE_NEWUTS|CLONE_NEWIPC", undefined]]],
    ["bpf", [["bpf", "BPF_PROG_LOAD", undefined]]],
    ["userfaultfd", [["userfaultfd", undefined, undefined]]],
    ["perf_event_open", [["perf_event_open", undefined, undefined]]],
    ["setuid", [["setuid", "1234", undefined]]],
    ["setgid", [["setgid", "1234", undefined]]],
    ["setresuid", [["setresuid", "1234", undefined]]],
    ["setresgid", [["setresgid", "1234", undefined]]],
    ["setreuid", [["setresuid", "1234", undefined]]],
    ["setregid", [["setresgid", "1234", undefined]]],
    ["capset", [["capset", undefined, undefined]]],
    ["keyctl", [["keyctl", "KEYCTL_JOIN_SESSION_KEYRING", undefined]]],
    ["add_key", [["add_key", "planted", undefined]]],
    [
      "request_key",
      [
        ["add_key", "planted", undefined],
        ["request_key", "planted", undefined],
      ],
    ],
    ["fsopen", [["fsopen", "tmpfs", undefined]]],
    [
      "fsmount",
      [
        ["fsopen", "tmpfs", undefined],
        // The key, not the value; the one that makes it has neither.
        ["fsconfig", "size", undefined],
        ["fsconfig", "source", undefined],
        ["fsconfig", undefined, undefined],
        ["fsmount", undefined, undefined],
      ],
    ],
  ] as const) {
    test(`${name} is told, with what it was about`, async () => {
      assert.deepEqual(targets((await made(name)).calls), wanted);
    });
  }

  for (const [name, more] of [
    ["mount", []],
    ["umount", [["umount", "FOLDER"]]],
    [
      "move_mount",
      [
        ["open_tree", "FOLDER"],
        ["move_mount", "FOLDER"],
      ],
    ],
    ["mount_setattr", [["mount_setattr", "FOLDER"]]],
    ...(hasOpenTreeAttr
      ? ([
          [
            "open_tree_attr",
            [
              ["open_tree", "FOLDER"],
              ["mount_setattr", "FOLDER"],
            ],
          ],
          ["open_tree_attr_without", [["open_tree", "FOLDER"]]],
        ] as const)
      : []),
    ["pivot_root", [["pivot_root", "."]]],
  ] as const) {
    test(`${name} and the mounts before it are told, with the path`, async () => {
      const wanted = [["unshare", "CLONE_NEWNS"], ["mount", "/"], ["mount", "FOLDER"], ...more];
      assert.deepEqual(
        targets((await made(name)).calls).map(([call, target]) => [call, target === folder ? "FOLDER" : target]),
        wanted,
      );
    });
  }

  test("another's memory opened for writing is told, with whose it is; opened for reading, or one's own, it is not", async () => {
    const { calls, other } = await made("proc_mem_open");
    assert.deepEqual(targets(calls), [["proc_mem_open", `/proc/${other}/mem`, other]]);
  });

  test("chroot is told, with its path and no word of a namespace", async () => {
    assert.deepEqual(targets((await made("chroot")).calls), [["chroot", folder, undefined]]);
  });

  test("the process is as the call left it", async () => {
    const [uid] = (await made("setuid")).calls;
    const [gid] = (await made("setresgid")).calls;
    const [space] = (await made("unshare")).calls;
    assert.deepEqual([uid?.task.uid, uid?.task.euid, uid?.task.capEffective], [1234, 1234, 0]);
    assert.deepEqual([gid?.task.gid, gid?.task.uid], [0, 0]);
    assert.equal(space?.task.ppid, process.pid);
  });

  test("a call that was refused is not told", async () => {
    const { calls, status } = await made("refused");
    assert.equal(status, 1);
    assert.deepEqual(calls, []);
  });

  test("calls that nobody asks for stay in the kernel, and all are accounted for", async () => {
    watch.setPlan({ calls: ["setgid"] });
    const before = watch.count("call", "filtered");
    assert.deepEqual((await made("memfd_create")).calls, []);
    assert.deepEqual(targets((await made("setgid")).calls), [["setgid", "1234", undefined]]);
    watch.setPlan({ calls: [...rareCalls] });
    assert.ok(watch.count("call", "filtered") > before);
    // Others call, too, while this is read: each processor may have one call that is attempted and not yet decided.
    const atFirst = watch.count("call", "attempted") - availableParallelism();
    const sum = countedParts.reduce((all, part) => all + watch.count("call", part), 0);
    assert.ok(atFirst <= sum && sum <= watch.count("call", "attempted"));
    assert.equal(watch.undecodable, 0);
  });
});
