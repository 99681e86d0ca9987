import assert from "node:assert/strict";
import { test } from "node:test";
import { blankEvent, type KernelEvent } from "@atalaya/wire";
import { letsThrough } from "../index.ts";
import { exec, holds, load, open, ruleText } from "./sample-events.ts";

const call = (activity: KernelEvent["activity"], target: string | null = null, target_pid: number | null = null) => ({
  ...blankEvent("kernel"),
  ...{ time_us: 1_764_000_000_000_000, pid: 42, uid: 33, name: "gdb", container_id: "9a4f6f1d0c5e" },
  ...{ activity, target, target_pid },
});

const cases: [condition: string, event: KernelEvent, expected: boolean][] = [
  // As Falco's own rules put it.
  ["evt.type=ptrace and evt.arg.request contains PTRACE_ATTACH", call("ptrace", "PTRACE_ATTACH", 7), true],
  ["evt.type=ptrace and evt.arg.request contains PTRACE_SETREGS", call("ptrace", "PTRACE_SETREGSET", 7), true],
  ["evt.type=ptrace and evt.arg.request contains PTRACE_TRACEME", call("ptrace", "PTRACE_ATTACH", 7), false],
  ["evt.type=bpf and (evt.arg.cmd=5 or evt.arg.cmd=BPF_PROG_LOAD)", call("bpf", "BPF_PROG_LOAD"), true],
  ["evt.type=bpf and evt.arg.cmd=BPF_PROG_LOAD", call("bpf", "BPF_LINK_CREATE"), false],
  ["evt.type = userfaultfd and user.uid != 0 and (evt.rawres >= 0 or evt.res != -1)", call("userfaultfd"), true],
  ["evt.type=unshare and container.id != host", call("unshare", "CLONE_NEWUSER"), true],
  ["evt.type=unshare and evt.arg.flags contains CLONE_NEWUSER", call("unshare", "CLONE_NEWUSER|CLONE_NEWNS"), true],
  ["evt.type=setns and evt.arg.nstype contains CLONE_NEWNET", call("setns", "CLONE_NEWNET"), true],
  ["evt.type=setuid and evt.arg.uid = 0", call("setuid", "0"), true],
  ["evt.type in (setuid, setresuid) and evt.arg.uid = 0", call("setresuid", "0"), true],
  ["evt.type = setreuid and evt.arg.uid = 0", call("setresuid", "0"), true],
  ["evt.type = rt_sigqueueinfo and evt.arg.sig = SIGKILL", call("kill", "SIGKILL", 7), true],
  ["evt.type=setgid and evt.arg.uid = 0", call("setgid", "0"), false],
  ["evt.type in (umount, umount2) and evt.arg.name = /proc", call("umount", "/proc"), true],
  ["evt.type = mount and evt.arg.dir startswith /host", call("mount", "/host/etc"), true],
  ["evt.type in (move_mount, pivot_root) and evt.arg.dir = /host", call("pivot_root", "/host"), true],
  ["evt.type = kill and evt.arg.sig = SIGKILL and evt.arg.pid = 7", call("kill", "SIGKILL", 7), true],
  ["evt.type = tgkill and evt.arg.sig = SIGKILL", call("tgkill", "SIGTERM", 7), false],
  ["evt.type = keyctl and evt.arg.cmd = KEYCTL_READ", call("keyctl", "KEYCTL_READ"), true],
  ["evt.type in (add_key, request_key) and evt.arg.name = k", call("request_key", "k"), true],
  ["evt.type in (init_module, finit_module) and evt.arg.name endswith .ko", call("finit_module", "/x.ko"), true],
  ["evt.type = init_module and evt.arg.uargs = a", call("init_module", "a"), true],
  ["evt.type = fsconfig and evt.arg.key = source", call("fsconfig", "source"), true],
  ["evt.type = fsopen and evt.arg.name = cgroup", call("fsopen", "cgroup"), true],
  ["evt.type = mount_setattr and evt.arg.dir = /host", call("mount_setattr", "/host"), true],
  ["evt.type = capset", call("capset"), true],
  ["evt.type = memfd_create and evt.arg.name = x", call("memfd_create", "x"), true],
  [
    'evt.type = kill and evt.arg.target_cmdline contains "collector/main.js"',
    { ...call("kill", "SIGKILL", 7), target_cmdline: "/atalaya/bin/node /atalaya/collector/main.js" },
    true,
  ],
  ["evt.type = sensor_signal and evt.arg.sig = SIGKILL and evt.arg.pid = 7", call("sensor_signal", "SIGKILL", 7), true],
  ["evt.type = kill and evt.arg.sig = SIGKILL", call("sensor_signal", "SIGKILL", 7), false],
  [
    "evt.type = sensor_bpf and evt.arg.cmd = BPF_MAP_UPDATE_ELEM and evt.arg.object = 'map settings' and evt.res = EPERM",
    { ...call("sensor_bpf", "BPF_MAP_UPDATE_ELEM"), target_object: "map settings", error: -1 },
    true,
  ],
  ["evt.type = bpf and evt.arg.cmd exists", call("sensor_bpf", "BPF_MAP_UPDATE_ELEM"), false],
  ["evt.type = process_vm_writev and evt.arg.pid = 7", call("process_vm_writev", null, 7), true],
  ["evt.type = proc_mem_open and evt.arg.pid = 7", call("proc_mem_open", "/proc/7/mem", 7), true],
  ["evt.type = proc_mem_open and evt.arg.name startswith /proc/", call("proc_mem_open", "/proc/7/mem", 7), true],
  ["evt.type = ptrace and evt.failed = false", call("ptrace", "PTRACE_ATTACH", 7), true],
  // It speaks of no such call: whether the kernel sends some for other rules must not matter to it.
  ["proc.name = gdb and container.id != host", call("ptrace", "PTRACE_ATTACH", 7), false],
];
for (const [condition, event, expected] of cases) {
  test(`${condition} is ${expected} for ${event.activity} ${event.target ?? ""}`, () => {
    assert.equal(holds(condition, event), expected);
  });
}

test("other events have no request, command, id or namespace", () => {
  for (const event of [exec(), open()]) {
    assert.ok(
      !holds("evt.arg.request exists or evt.arg.cmd exists or evt.arg.pid exists or evt.arg.uid exists", event),
    );
  }
});

test("the plan names the calls that rules speak of, and lets no others through", () => {
  const plan = load(ruleText("evt.type in (ptrace, memfd_create)")).filterPlan();
  assert.deepEqual(plan.calls, ["memfd_create", "ptrace"]);
  assert.ok(letsThrough(plan, call("ptrace", "PTRACE_ATTACH", 7)));
  assert.ok(!letsThrough(plan, call("bpf", "BPF_PROG_LOAD")));
});
