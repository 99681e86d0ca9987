import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Counters } from "../src/counters.ts";
import type { KernelRecord, Task } from "../src/kernel-record.ts";
import { ProcessTable } from "../src/process-table.ts";
import { containerOf as containerNamed, exec, exit, fork, open, running, task } from "./hand-made-records.ts";

const of = (pid: number, ppid: number, given: Partial<Task> = {}) =>
  task({ pid, ppid, parentStartUs: ppid * 1_000, ...given });

/** A table that meets each record's process in a container named by its cgroup: 1 is the host. */
function watched() {
  const table = new ProcessTable(new Counters());
  const containerOf = ({ cgroupIdV2: group }: Task) =>
    containerNamed(group === 1 ? "host" : group === unknownGroup ? null : `c${group}`);
  return {
    table,
    seed(records: KernelRecord[]) {
      table.seed(records);
      table.seedPlaces(records, containerOf);
    },
    entryOf(record: KernelRecord): number | null {
      const entry = table.apply(record);
      table.within(entry, containerOf(record.task), record.task);
      return entry.place.entry?.pid ?? null;
    },
    containerOf(record: KernelRecord): string | null {
      return table.within(table.apply(record), containerOf(record.task), record.task).id;
    },
  };
}

const inside = { cgroupIdV2: 7 };
const another = { cgroupIdV2: 8 };
const unknownGroup = 9;

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

describe("a process that goes to another control group", () => {
  test("is its container's, and so are its children, wherever it goes", () => {
    const { containerOf } = watched();
    containerOf(fork(of(10, 1)));
    assert.equal(containerOf(exec(of(20, 10), ["runc", "init"])), "host", "before it is inside");
    assert.equal(containerOf(exec(of(20, 10, inside), ["sh"])), "c7");
    for (const elsewhere of [{}, another, { cgroupIdV2: unknownGroup }]) {
      assert.equal(containerOf(exec(of(20, 10, elsewhere), ["sh"])), "c7");
      assert.equal(containerOf(fork(of(21, 20, elsewhere))), "c7");
      assert.equal(containerOf(exit(of(21, 20, elsewhere))), "c7");
    }
  });

  test("gives its container to a child that it makes its parent's, too", () => {
    const { containerOf } = watched();
    containerOf(fork(of(20, 1, inside)));
    containerOf(fork(of(21, 20, inside)));
    assert.equal(containerOf(fork(of(22, 20), { pid: 21, startUs: 21_000 })), "c7");
  });

  test("is told from another with its pid, and from an orphan of the host that was left to its namespace's first process", () => {
    const { containerOf, seed } = watched();
    containerOf(fork(of(20, 1, inside)));
    containerOf(exit(of(20, 1, inside)));
    assert.equal(containerOf(fork(of(20, 1, { startUs: 99_000 }))), "host");
    const init = of(100, 1, { ...inside, nsPid: 1 });
    seed([init, of(101, 100), of(110, 1, inside), of(111, 110)].map((one) => running(one, ["x"])));
    assert.equal(containerOf(open(of(101, 100), "/a")), "host");
    assert.equal(containerOf(open(of(111, 110), "/a")), "c7", "whose parent in the container made it");
  });

  test("is nobody's as long as nobody knows its first container", () => {
    const { containerOf } = watched();
    const lost = { cgroupIdV2: unknownGroup };
    assert.equal(containerOf(fork(of(20, 1, lost))), null);
    assert.equal(containerOf(exec(of(20, 1, inside), ["sh"])), "c7");
  });
});

describe("what was started before its process came into the container", () => {
  const [outsideNs, insideNs] = [1, 2];
  const runcFile = { exePath: "/usr/sbin/runc", exeInode: 70, exeDevice: 8 };
  const runtime = (given: Partial<Task> = {}) => of(20, 10, { mntNs: outsideNs, ...given });

  /** A runtime on the host, whose child is about to become the container's first process. */
  function aboutToEnter() {
    const { table, containerOf, seed } = watched();
    const isOutsides = (record: KernelRecord): boolean => {
      const entry = table.apply(record);
      table.within(entry, containerNamed(record.task.cgroupIdV2 === 1 ? "host" : "c7"), record.task);
      return entry.outsideMntNs !== null;
    };
    containerOf(exec(of(10, 1), ["runc", "create"], runcFile));
    containerOf(fork(runtime()));
    containerOf(exec(runtime(), ["runc", "init"], runcFile));
    const isFirst = (one: Task): boolean => table.apply(open(one, "/a")).isFirstInside;
    return { isOutsides, isFirst, seed };
  }

  test("is the runtime that was moved in, and what it makes, until the container's program starts", () => {
    const { isOutsides, isFirst } = aboutToEnter();
    assert.ok(isOutsides(open(runtime(inside), "/a")));
    const child = of(21, 20, { ...inside, mntNs: insideNs });
    assert.ok(isOutsides(fork(child)));
    const first = exec(child, ["runc", "init"]);
    assert.ok(!isOutsides(first), "whatever the container's program calls itself");
    assert.ok(isFirst(child), "in place of the runtime");
    assert.ok(!isOutsides(exec(child, ["/tmp/brought"])));
    assert.ok(!isFirst(child), "in place of the container's own");
    assert.ok(!isOutsides(fork(of(22, 21, { ...inside, mntNs: insideNs }))));
  });

  test("is the runtime that starts itself again in the container's control group, from memory or another mount", () => {
    for (const again of [
      { exePath: "/memfd:runc_cloned:/proc/self/exe", exeMemfd: true },
      { ...runcFile, exePath: "/runc" },
    ]) {
      const { isOutsides, isFirst } = aboutToEnter();
      assert.ok(isOutsides(exec(runtime(inside), ["runc", "init"], again)), again.exePath);
      assert.ok(!isFirst(runtime(inside)));
    }
  });

  test("is neither another file there, nor the runtime's own or one in memory once the container's files are seen", () => {
    for (const [given, file] of [
      [inside, { exePath: "/usr/sbin/runc", exeInode: 71, exeDevice: 8 }],
      [{ ...inside, mntNs: insideNs }, runcFile],
      [
        { ...inside, mntNs: insideNs },
        { exePath: "/memfd:runc_cloned:/proc/self/exe", exeMemfd: true },
      ],
    ] as const) {
      const { isOutsides } = aboutToEnter();
      assert.ok(!isOutsides(exec(runtime(given), ["runc", "init"], file)));
      const back = exec(runtime({ ...inside, mntNs: outsideNs }), ["runc", "init"], { exeMemfd: true });
      assert.ok(!isOutsides(back), "nor later, where the host's files are seen");
    }
  });

  test("is nothing of a process that was there before the watch and is gone again, whatever its parent on the host runs", () => {
    const { seed, isOutsides } = aboutToEnter();
    seed([running(of(30, 1), ["containerd-shim"])]);
    const session = of(31, 30, { ...inside, mntNs: insideNs, comm: "cat" });
    assert.ok(!isOutsides(open(session, "/root/.ssh/id_rsa")));
    assert.ok(isOutsides(fork(of(32, 30, inside))), "the runtime's child, whose birth is told");
  });

  test("stays where its program was started while its process goes on to the container's files before its control group", () => {
    const { isOutsides } = aboutToEnter();
    const changed = runtime({ mntNs: insideNs });
    assert.ok(isOutsides(open(changed, "/a")), "on the host by its control group");
    const itself = exec(runtime({ ...inside, mntNs: insideNs }), ["/proc/self/exe"], runcFile);
    assert.ok(!isOutsides(itself), "the runtime's file, started by the container's word");
  });

  test("is of the snapshot in the mount namespace of its parent, where its own is another", () => {
    for (const given of [{ mntNs: insideNs }, {}]) {
      const { seed, isOutsides } = aboutToEnter();
      const [parent, child] = [of(30, 1), of(31, 30, given)];
      seed([running(child, ["runc", "init"]), running(parent, ["runc", "exec"])]);
      const again = exec({ ...child, ...inside }, ["/proc/17/fd/5"], { exeMemfd: true });
      assert.equal(isOutsides(again), given.mntNs === undefined);
    }
  });

  test("is of the snapshot what is on the host, and none of what is in a container", () => {
    const { seed, isOutsides } = aboutToEnter();
    seed([running(of(30, 1), ["containerd-shim"]), running(of(31, 30, inside), ["runc", "init"])]);
    assert.ok(!isOutsides(open(of(31, 30, inside), "/a")));
    assert.ok(isOutsides(fork(of(32, 30, inside))));
  });
});
