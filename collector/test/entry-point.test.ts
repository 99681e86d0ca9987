import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Counters } from "../src/counters.ts";
import type { KernelRecord, Task } from "../src/kernel-record.ts";
import { ProcessTable } from "../src/process-table.ts";
import { exec, exit, fork, open, running, task } from "./hand-made-records.ts";

const of = (pid: number, ppid: number, given: Partial<Task> = {}) =>
  task({ pid, ppid, parentStartUs: ppid * 1_000, ...given });

/** A table that meets each record's process in a container named by its cgroup: 1 is the host. */
function watched() {
  const table = new ProcessTable(new Counters());
  const containerOf = (one: Task) => (one.cgroupIdV2 === 1 ? "host" : `c${one.cgroupIdV2}`);
  return {
    table,
    seed(records: KernelRecord[]) {
      table.seed(records);
      table.seedPlaces(records, containerOf);
    },
    entryOf(record: KernelRecord): number | null {
      const entry = table.apply(record);
      return table.met(entry, containerOf(record.task)).entry?.pid ?? null;
    },
  };
}

const inside = { cgroupIdV2: 7 };

describe("how a process came into its container", () => {
  test("the first process begins a line, its descendants go on with it, also when parents have ended", () => {
    const { entryOf, table } = watched();
    assert.equal(entryOf(fork(of(10, 1))), null, "runc, on the host");
    assert.equal(entryOf(fork(of(20, 10, inside))), 20);
    assert.equal(entryOf(exec(of(20, 10, inside), ["sh"])), 20);
    assert.equal(entryOf(fork(of(21, 20, inside))), 20);
    assert.equal(entryOf(fork(of(22, 21, inside))), 20);
    entryOf(exit(of(21, 20, inside)));
    table.reap(Number.MAX_SAFE_INTEGER);
    // Taken over by somebody else: the records name another parent now.
    assert.equal(entryOf(exec(of(22, 1, inside), ["/tmp/stays"])), 20);
    assert.equal(entryOf(fork(of(23, 22, inside))), 20);
  });

  test("two sessions in one container are two lines; a process that was moved in begins one", () => {
    const { entryOf } = watched();
    entryOf(fork(of(10, 1)));
    assert.equal(entryOf(fork(of(20, 10, inside))), 20);
    assert.equal(entryOf(fork(of(30, 10, inside))), 30);
    assert.equal(entryOf(exec(of(20, 10, inside), ["bash"])), 20);
    assert.equal(entryOf(fork(of(40, 10))), null);
    assert.equal(entryOf(exec(of(40, 10, inside), ["runc", "init"])), 40, "its cgroup was changed after its birth");
  });

  test("of the snapshot, a child of the namespace's first process may be an orphan of anybody", () => {
    const { seed, entryOf } = watched();
    const init = of(100, 10, { ...inside, nsPid: 1 });
    const orphan = of(101, 100, { ...inside, nsPid: 8 });
    const session = of(110, 10, { ...inside, nsPid: 9 });
    const child = of(111, 110, { ...inside, nsPid: 10 });
    seed([child, orphan, init, session, of(10, 1)].map((one) => running(one, ["x"])));
    assert.equal(entryOf(open(init, "/a")), 100);
    assert.equal(entryOf(open(orphan, "/a")), null);
    assert.equal(entryOf(open(session, "/a")), 110);
    assert.equal(entryOf(open(child, "/a")), 110);
    assert.equal(entryOf(fork(of(112, 101, inside))), null, "what an orphan starts");
    assert.equal(entryOf(fork(of(113, 100, inside))), 100, "what the first process is seen to start");
    assert.equal(entryOf(open(of(114, 100, inside), "/a")), null, "whose birth was lost");
  });

  test("nothing follows from a parent that nobody knows", () => {
    const { entryOf } = watched();
    assert.equal(entryOf(exec(of(55, 54, inside), ["sh"])), null);
    assert.equal(entryOf(fork(of(56, 55, inside))), null);
  });
});
