import assert from "node:assert/strict";
import { test } from "node:test";
import { kindOf, MissedRuns } from "../src/kernel/missed-runs.ts";
import { programPlans } from "../src/kernel/programs.ts";

test("every program's object has a kind that it is counted under, but those that write into no ring", () => {
  const without = new Set(programPlans.map(({ object }) => object).filter((object) => kindOf(object) === undefined));
  assert.deepEqual([...without], ["iter"]);
});

test("what was counted of a program stays when it is loaded anew", () => {
  const figures: Record<string, number> = { exit_open: 0, exit_openat: 0, snapshot_with_args: 9 };
  const runs = new MissedRuns({ missed: (program) => figures[program] ?? 0 });
  const look = (program: string) => runs.look(program, program.startsWith("snapshot") ? "iter" : "open-fexit");
  assert.deepEqual(["exit_open", "exit_openat", "snapshot_with_args"].map(look), [0, 0, 0]);
  assert.deepEqual(runs.counters(), []);
  figures["exit_open"] = 3;
  assert.equal(look("exit_open"), 3);
  figures["exit_open"] = 1;
  assert.deepEqual([look("exit_open"), look("exit_open")], [4, 4]);
  assert.deepEqual(runs.counters(), [
    { class: "open", reason: "attempted", value: 4 },
    { class: "open", reason: "missed", value: 4 },
  ]);
});
