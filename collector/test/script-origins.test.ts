import assert from "node:assert/strict";
import { test } from "node:test";
import { Counters } from "../src/counters.ts";
import type { ExecRecord } from "../src/kernel-record.ts";
import { collectorLimits } from "../src/limits.ts";
import { ScriptOrigins } from "../src/script-origins.ts";
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
