import assert from "node:assert/strict";
import { test } from "node:test";
import { Counters } from "../src/counters.ts";
import type { ExecRecord } from "../src/kernel-record.ts";
import { collectorLimits } from "../src/limits.ts";
import { ScriptOrigins } from "../src/script-origins.ts";
import { waitedForProcessorMs } from "../src/waited-for-processor.ts";
import { exec, task } from "./hand-made-records.ts";

const record = (): ExecRecord => {
  const made = exec(task({ pid: 100 }), ["./x.sh"]) as ExecRecord;
  return { ...made, filename: "./x.sh", interpreter: "/bin/sh", exeOverlay: true };
};

test("more than are looked for in a second are counted, and unknown", (context) => {
  context.mock.method(performance, "now", () => 1_000);
  const counters = new Counters();
  const origins = new ScriptOrigins(counters, "/");
  for (let i = 0; i < collectorLimits.scriptLooksMax + 5; i++)
    assert.equal(
      origins.of(record(), () => []),
      "unknown",
    );
  assert.equal(counters.value("process", "script_over_budget"), 5);
});

test("looks that take long are few: the rings are drained by the same thread", (context) => {
  let nowMs = 1_000;
  context.mock.method(performance, "now", () => nowMs);
  const counters = new Counters();
  const origins = new ScriptOrigins(counters, "/");
  let looks = 0;
  const slowly = () => {
    looks += 1;
    nowMs += collectorLimits.scriptLookMs / 2 + 1;
    return [];
  };
  for (let i = 0; i < 5; i++) assert.equal(origins.of(record(), slowly), "unknown");
  assert.deepEqual([looks, counters.value("process", "script_over_budget")], [2, 3]);
  nowMs += 1_000;
  origins.of(record(), slowly);
  assert.equal(looks, 3);
});

test("what a look waits for a processor is not its own time: on a busy node none is left out for that", (context) => {
  let [nowMs, waitedMs] = [1_000, 0];
  context.mock.method(performance, "now", () => nowMs);
  const counters = new Counters();
  const origins = new ScriptOrigins(counters, "/", () => waitedMs);
  let looks = 0;
  const outOfTurn = () => {
    looks += 1;
    nowMs += 80;
    waitedMs += 79;
    return [];
  };
  for (let i = 0; i < 10; i++) origins.of(record(), outOfTurn);
  assert.deepEqual([looks, counters.value("process", "script_over_budget")], [10, 0]);
});

test("how long a thread waited for a processor is read from the kernel", () => {
  const before = waitedForProcessorMs();
  assert.ok(before > 0, "a thread of this age has waited");
  assert.ok(waitedForProcessorMs() >= before);
});
