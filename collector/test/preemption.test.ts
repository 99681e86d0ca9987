import assert from "node:assert/strict";
import { release } from "node:os";
import { test } from "node:test";
import { mayPreemptKernel } from "../src/kernel/preemption.ts";

const version = "/proc/sys/kernel/version";
const inForce = "/sys/kernel/debug/sched/preempt";
const dynamic = "#1 SMP PREEMPT_DYNAMIC Debian 6.12.117-1 (2026-11-12)";
const saying = (files: Record<string, string>) => mayPreemptKernel((path) => files[path]);

test("a kernel that was built without preemption has none, one that was built for it alone has it", () => {
  assert.equal(saying({ [version]: "#1 SMP Debian 5.10.223-1 (2024-08-10)" }), false);
  for (const word of ["PREEMPT", "PREEMPT_RT", "PREEMPT_LAZY"])
    assert.equal(saying({ [version]: `#1 SMP ${word} Debian` }), true, word);
});

test("of one that can be switched it counts what is in force, then what was said at its start, then how it was built", () => {
  const voluntary = "none (voluntary) full \n";
  assert.equal(saying({ [version]: dynamic, [inForce]: voluntary, "/proc/cmdline": "preempt=full" }), false);
  assert.equal(saying({ [version]: dynamic, [inForce]: "none voluntary full (lazy)" }), true);
  assert.equal(saying({ [version]: dynamic, "/proc/cmdline": "quiet preempt=none" }), false);
  assert.equal(saying({ [version]: dynamic, "/proc/cmdline": "quiet preempt=full" }), true);
  assert.equal(saying({ [version]: dynamic, "/proc/cmdline": "preempt=none quiet preempt=full" }), true);
  const built = (model: string) => `# CONFIG_PREEMPT is not set\nCONFIG_PREEMPT_${model}=y\nCONFIG_PREEMPT_DYNAMIC=y\n`;
  const config = `/boot/config-${release()}`;
  assert.equal(saying({ [version]: dynamic, [config]: built("VOLUNTARY") }), false);
  assert.equal(saying({ [version]: dynamic, "/proc/config.gz": built("NONE") }), false);
  assert.equal(saying({ [version]: dynamic, [config]: built("LAZY") }), true);
});

test("where nothing says, it is taken for one that may be preempted", () => {
  assert.equal(saying({}), true);
  assert.equal(saying({ [version]: dynamic, [inForce]: "something else", "/proc/cmdline": "quiet" }), true);
});
