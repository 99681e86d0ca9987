import assert from "node:assert/strict";
import { test } from "node:test";
import { letsThrough } from "../index.ts";
import { exec, holds, load, ruleText } from "./sample-events.ts";

const moved = exec({
  activity: "cgroup_move",
  filename: null,
  cgroup_path: "/init.scope",
  left_container: true,
  mover_pid: 4_711,
  mover_cmdline: "/bin/sh -c leave",
});

for (const [condition, expected] of [
  ["evt.type = cgroup_move and evt.arg.left_container = true", true],
  ["evt.type = cgroup_move and evt.arg.left_container = false", false],
  ["evt.type = cgroup_move and evt.arg.cgroup startswith /init and evt.arg.mover_pid = 4711", true],
  ['evt.type = cgroup_move and evt.arg.mover_cmdline contains "sh -c"', true],
  // It speaks of no move: whether the kernel sends some for other rules must not matter to it.
  ["proc.name = curl and container.id != host", false],
] as const) {
  test(`${condition} is ${expected} for a process that left its container`, () => {
    assert.equal(holds(condition, moved), expected);
  });
}

test("moves leave the kernel where a rule speaks of them, and else not", () => {
  const plan = load(ruleText("evt.type = cgroup_move and container.id != host")).filterPlan();
  assert.deepEqual(plan.calls, ["cgroup_move"]);
  assert.ok(letsThrough(plan, moved));
  assert.ok(!letsThrough(load(ruleText("evt.type = execve")).filterPlan(), moved));
});
