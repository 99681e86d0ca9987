import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyFilterPlan } from "@atalaya/wire";
import { kindOf, MissedRuns } from "../src/kernel/missed-runs.ts";
import { programPlans } from "../src/kernel/programs.ts";
import type { EarlierPrograms } from "../src/kernel-source.ts";
import { Pipeline } from "../src/pipeline.ts";
import { bootId, Disk, ParcelOutlet, PinnedRings } from "./pinned-rings.ts";

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

test("what an earlier process counted goes on: of programs that it left, that are gone, and that are loaded anew", () => {
  const figures: Record<string, number> = { stays: 7, anew: 1 };
  const runs = new MissedRuns({ missed: (program) => figures[program] ?? 0 });
  for (const program of Object.keys(figures)) runs.look(program, "open");
  const kept = [
    ["stays", "open", 5, 2],
    ["gone", "open", 3, 1],
    ["anew", "open", 4, 0],
  ] as const;
  // Said twice it is the same.
  for (let i = 0; i < 2; i++) runs.goOn(kept.map((one) => [...one]));
  assert.equal(runs.counters().find(({ reason }) => reason === "missed")?.value, 9);
  const all = ["stays", "gone", "anew"].map((program) => runs.look(program, "open"));
  assert.deepEqual(all, [7 + 2, 3 + 1, 1 + 4]);
  figures["gone"] = 2;
  assert.equal(runs.look("gone", "open"), 3 + 1 + 2);
});

const options = { node: "n", bootId, version: "1", kernel: "6", cgroupMount: "/nowhere" };

/** What a new collector says at its start of runs that were left out. */
function start(rings: PinnedRings, earlier?: EarlierPrograms) {
  const outlet = new ParcelOutlet(rings.ringId, earlier?.ringId);
  const pipeline = new Pipeline(rings.open(earlier), outlet, options);
  const disk = new Disk();
  const count = () => {
    const told = pipeline.sensorReport().counters.filter((one) => one.class === "open");
    const of = (word: string) => told.find(({ reason }) => reason === word)?.value ?? 0;
    assert.equal(of("attempted"), of("missed"));
    return of("missed");
  };
  const settle = () => {
    for (let i = 0; i < 8; i++) {
      pipeline.tick();
      pipeline.acknowledged(outlet.store(disk, Number.POSITIVE_INFINITY));
    }
  };
  return { pipeline, count, settle };
}

test("over a restart and an upgrade, killed anywhere, the figure never goes back", () => {
  const old = new PinnedRings("0".repeat(16));
  old.left.set("kept", 5).set("taken_off", 3);
  const first = start(old);
  first.pipeline.report();
  assert.equal(first.count(), 8);
  old.left.delete("taken_off");
  old.left.set("kept", 6);
  const second = start(old);
  assert.equal(second.count(), 9);
  second.pipeline.report();
  // An upgrade: its collector is killed when the earlier programs are gone, and the next one goes on.
  const fresh = new PinnedRings("f".repeat(16));
  old.left.set("kept", 10);
  const upgrade = start(fresh, old.asEarlier());
  assert.equal(upgrade.count(), 13);
  upgrade.pipeline.applyFilters({ ...emptyFilterPlan, version: 1 });
  upgrade.pipeline.tick();
  assert.equal(old.attached, false);
  fresh.left.set("kept", 1);
  const last = start(fresh, old.asEarlier());
  assert.equal(last.count(), 14);
  last.settle();
  assert.equal(old.gone, true);
  assert.equal(last.count(), 14);
  last.pipeline.report();
  assert.equal(start(fresh).count(), 14);
});
