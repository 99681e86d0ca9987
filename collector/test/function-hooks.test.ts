import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { functionHooks, whereCallsAreSeen } from "../src/kernel/function-hooks.ts";
import { programPlans } from "../src/kernel/programs.ts";

const kernelThat = (answers: (name: string) => string) => ({ hookable: answers });

describe("where programs at the exit of calls hang", () => {
  test("an operator's word is the last, and the kernel is not asked", () => {
    const asked: string[] = [];
    const hooks = functionHooks(
      kernelThat((name) => {
        asked.push(name);
        return "";
      }),
      false,
    );
    assert.deepEqual([hooks.native, hooks.of32Bit, asked], ["--no-function-hooks", "--no-function-hooks", []]);
  });

  test("a kernel that refuses is asked once, and said why", () => {
    let asked = 0;
    const hooks = functionHooks(
      kernelThat(() => {
        asked++;
        return "EBUSY\n";
      }),
      true,
    );
    assert.equal(asked, 1);
    assert.match(hooks.native, /^the kernel lets no program hang at __\w+_sys_umask: EBUSY$/);
    assert.equal(hooks.of32Bit, hooks.native);
    assert.match(whereCallsAreSeen(hooks), /^calls seen at tracepoints \(the kernel lets no program/);
  });

  test("a kernel without 32-bit calls lacks nothing else", { skip: process.arch !== "x64" }, () => {
    const hooks = functionHooks(
      kernelThat((name) => (name.startsWith("__ia32") ? "ENOENT\n" : "")),
      true,
    );
    assert.match(hooks.of32Bit, /__ia32_sys_umask: ENOENT/);
    assert.equal(whereCallsAreSeen({ native: "", of32Bit: hooks.of32Bit }), "calls seen at their functions");
    assert.equal(whereCallsAreSeen({ native: "", of32Bit: "" }), "calls seen at their functions, 32-bit ones too");
  });

  test("every program at a tracepoint has one at the call's function, asked for by the same words", () => {
    const atTracepoints = programPlans.filter(({ attachment }) => typeof attachment === "object");
    assert.ok(atTracepoints.length > 60);
    for (const plan of atTracepoints) {
      const other = programPlans.find(({ program }) => program === `${plan.program}_fexit`);
      assert.equal(other?.attachment, "function", plan.program);
      assert.deepEqual([other?.askedBy, other?.since, other?.where], [plan.askedBy, plan.since, plan.where]);
    }
  });
});
