import assert from "node:assert/strict";
import { test } from "node:test";
import { exec, holds, load, ruleText } from "./sample-events.ts";

const started = exec({ env: ["LD_PRELOAD=/tmp/l.so", "HTTP_PROXY=http://192.0.2.1:3128"] });

for (const [condition, expected] of [
  ["evt.type = execve and proc.env[LD_PRELOAD] startswith /tmp/", true],
  ["evt.type = execve and proc.env[LD_AUDIT] exists", false],
  // As Falco's own rules put it.
  ["evt.type = execve and proc.env icontains HTTP_PROXY", true],
  ["evt.type = execve and proc.env icontains GLIBC_TUNABLES", false],
] as const) {
  test(`${condition} is ${expected}`, () => assert.equal(holds(condition, started), expected));
}

test("a variable that is set twice has both values: who reads it may take either", () => {
  const twice = exec({ env: ["LD_PRELOAD=/usr/lib/ok.so", "LD_PRELOAD=/tmp/l.so"] });
  assert.ok(holds("proc.env[LD_PRELOAD] startswith /tmp/", twice));
  assert.ok(holds("proc.env[LD_PRELOAD] startswith /usr/", twice));
  assert.ok(!holds("proc.env[LD_PRELOAD] != /tmp/l.so", twice));
});

test("of other programs nothing is told", () => {
  assert.ok(!holds("proc.env exists or proc.env[LD_PRELOAD] exists", exec()));
});

test("the environment is asked for where a rule speaks of it, macros included", () => {
  const asking = "- macro: m\n  condition: (proc.env[LD_PRELOAD] exists)\n";
  assert.deepEqual(load(asking + ruleText("evt.type = execve and m")).filterPlan().calls, ["exec_env"]);
  assert.deepEqual(load(ruleText("evt.type = execve")).filterPlan().calls, []);
});
