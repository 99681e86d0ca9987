import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { limits } from "@atalaya/wire";
import fc from "fast-check";
import { Counters } from "../src/counters.ts";
import { collectorLimits } from "../src/limits.ts";
import { ProcessTable } from "../src/process-table.ts";
import { exec, exit, fork, open, running, task } from "./hand-made-records.ts";

const child = (pid: number, ppid: number) => task({ pid, ppid, parentStartUs: ppid * 1_000, comm: "sh" });

describe("the process table", () => {
  test("a child runs its parent's program until it starts its own", () => {
    const table = new ProcessTable(new Counters());
    table.apply(exec(task({ pid: 10, ppid: 0 }), ["/usr/sbin/nginx", "-g"]));
    const born = table.apply(fork(child(11, 10)));
    assert.deepEqual([born.exePath, born.argv], ["/usr/sbin/nginx", ["/usr/sbin/nginx", "-g"]]);
    const grown = table.apply(exec(child(11, 10), ["/bin/sh", "-c", "id"]));
    assert.equal(grown, born);
    assert.equal(grown.exePath, "/bin/sh");
    assert.deepEqual(table.lineage(grown, child(11, 10)).cmdlines, ["/usr/sbin/nginx -g"]);
  });

  test("an exec that the kernel refused is told with the program that it asked for, and its process stays what it was", () => {
    const table = new ProcessTable(new Counters());
    table.apply(exec(task({ pid: 10, ppid: 0 }), ["/bin/sh"]));
    const born = table.apply(fork(child(11, 10)));
    const brought = { blocked: "refused", exeUpperLayer: true } as const;
    const refused = table.apply(exec(child(11, 10), ["/brought", "x"], brought));
    assert.deepEqual([refused.exePath, refused.argv, refused.exeOrigin], ["/brought", ["/brought", "x"], "upper"]);
    assert.deepEqual(table.lineage(refused, child(11, 10)).exePaths, ["/bin/sh"]);
    const after = table.apply(open(child(11, 10), "/etc/passwd"));
    assert.equal(after, born);
    assert.deepEqual([after.exePath, after.exeOrigin], ["/bin/sh", born.exeOrigin]);
    const grown = table.apply(fork(child(12, 11)));
    assert.deepEqual(table.lineage(grown, child(12, 11)).exePaths, ["/bin/sh", "/bin/sh"]);
  });

  test("the command line of a process whose start is known is not that of who has its number now", () => {
    const table = new ProcessTable(new Counters());
    table.apply(exec(task({ pid: 10, startUs: 90_000 }), ["/bin/first"]));
    assert.equal(table.cmdlineOf(10, 90_000), "/bin/first");
    table.apply(exec(task({ pid: 10, startUs: 190_000 }), ["/bin/second"]));
    assert.deepEqual([table.cmdlineOf(10, 90_000), table.cmdlineOf(10, 190_000)], [undefined, "/bin/second"]);
    assert.equal(table.cmdlineOf(10), "/bin/second");
  });

  test("ancestors stay after they ended and were forgotten, and after their parent became another program", () => {
    const table = new ProcessTable(new Counters());
    table.apply(exec(task({ pid: 10, ppid: 0, comm: "nginx" }), ["/usr/sbin/nginx"]));
    table.apply(fork(child(11, 10)));
    table.apply(exec(child(11, 10), ["/bin/sh"]));
    const last = table.apply(fork(child(12, 11)));
    table.apply(exit(child(11, 10)));
    table.apply(exec(task({ pid: 10, ppid: 0, comm: "other" }), ["/bin/other"]));
    table.reap(Number.MAX_SAFE_INTEGER);
    assert.equal(table.size, 2);
    assert.deepEqual(table.lineage(last, child(12, 11)).exePaths, ["/bin/sh", "/usr/sbin/nginx"]);
  });

  test("ended processes are kept for the grace, and of a crowd only the latest", () => {
    const { endedMax, exitGraceUs, exitGraceCrowdedUs } = collectorLimits;
    const endedUs = 1_000_000_000;
    const crowd = (count: number) => {
      const table = new ProcessTable(new Counters());
      for (let pid = 1; pid <= count; pid++) {
        table.apply(fork(task({ pid })));
        table.apply({ ...exit(task({ pid })), bootUs: endedUs });
      }
      return table;
    };
    const few = crowd(2);
    few.reap(endedUs + exitGraceUs - 1);
    assert.equal(few.size, 2);
    few.reap(endedUs + exitGraceUs);
    assert.equal(few.size, 0);
    const many = crowd(endedMax + 2);
    many.reap(endedUs + exitGraceCrowdedUs - 1);
    assert.equal(many.size, endedMax + 2);
    many.reap(endedUs + exitGraceCrowdedUs);
    assert.equal(many.size, endedMax);
  });

  test("what a process starts has one line of ancestors, until the process runs another program", () => {
    const table = new ProcessTable(new Counters());
    table.apply(exec(task({ pid: 10, ppid: 0 }), ["/usr/sbin/nginx"]));
    const lineOf = (pid: number, ppid: number) => table.lineage(table.apply(fork(child(pid, ppid))), child(pid, ppid));
    const first = lineOf(11, 10);
    assert.equal(lineOf(12, 10), first);
    table.apply(exec(child(12, 10), ["/bin/sh"]));
    assert.equal(table.lineage(table.apply(exit(child(12, 10))), child(12, 10)), first);
    table.apply(exec(task({ pid: 10, ppid: 0 }), ["/bin/other"]));
    assert.deepEqual([lineOf(13, 10).exePaths, first.exePaths], [["/bin/other"], ["/usr/sbin/nginx"]]);
  });

  test("a chain of a hundred forks carries the nearest twelve ancestors", () => {
    const table = new ProcessTable(new Counters());
    table.apply(exec(task({ pid: 1, ppid: 0 }), ["/init"]));
    for (let pid = 2; pid <= 100; pid++) {
      table.apply(fork(child(pid, pid - 1)));
      if (pid > 2) table.apply(exit(child(pid - 1, pid - 2)));
    }
    const entry = table.apply(exec(child(100, 99), ["/bin/last"]));
    const lineage = table.lineage(entry, child(100, 99));
    assert.deepEqual(
      lineage.pids,
      Array.from({ length: limits.ancestorsMax }, (_, i) => 99 - i),
    );
    for (const list of Object.values(lineage)) assert.equal(list.length, limits.ancestorsMax);
  });

  test("records from before the snapshot: births give ancestors as they were, and who ended meanwhile has its name", () => {
    const table = new ProcessTable(new Counters());
    const shim = task({ pid: 10, ppid: 1, comm: "shim" });
    const shell = child(11, 10);
    const worker = child(12, 11);
    const gone = child(13, 11);
    const before = [fork(shell), exec(shell, ["/bin/sh"]), fork(worker), open(worker, "/early")] as const;
    const later = [exec(worker, ["/bin/worker"]), fork(gone), exec(gone, ["/bin/gone"]), open(gone, "/a")] as const;
    // The shell has ended and the worker was taken over by init when the next collector looks.
    const orphan = { ...worker, ppid: 1, parentStartUs: 1_000 };
    table.seed([running(task({ pid: 1, ppid: 0 }), ["/init"]), running(shim, ["/bin/shim"])]);
    table.seed([running(orphan, ["/bin/worker"])]);
    for (const record of before.slice(0, 3)) table.apply(record);
    const early = table.apply(before[3]);
    assert.equal(early.exePath, "/bin/sh", "a program that it ran later is not what opened the file");
    for (const record of later) table.apply(record);
    const ended = table.apply(exit(gone));
    assert.deepEqual(
      [ended.exePath, table.lineage(ended, gone).exePaths],
      ["/bin/gone", ["/bin/sh", "/bin/shim", "/init"]],
    );
    const last = table.apply(open(orphan, "/b"));
    assert.deepEqual(
      [last.exePath, table.lineage(last, orphan).exePaths],
      ["/bin/worker", ["/bin/sh", "/bin/shim", "/init"]],
    );
  });

  test("who was there before the records and is gone before the snapshot has its ancestors, and no program is guessed", () => {
    const table = new ProcessTable(new Counters());
    const shell = task({ pid: 10, ppid: 1, comm: "sh" });
    table.seed([running(task({ pid: 1, ppid: 0 }), ["/init"]), running(shell, ["/bin/sh"])]);
    const gone = { ...child(11, 10), comm: "cat" };
    const entry = table.apply(open(gone, "/root/.ssh/id_rsa"));
    assert.deepEqual([entry.exePath, entry.argv, entry.exeOrigin], [null, null, null]);
    assert.deepEqual(table.lineage(entry, gone).exePaths, ["/bin/sh", "/init"]);
    assert.equal(table.apply(exec(gone, ["/bin/id"])).exePath, "/bin/id");
  });

  test("a process whose exec was lost in a full ring is named by the snapshot, once the records have caught up", () => {
    const table = new ProcessTable(new Counters());
    const parent = task({ pid: 10, ppid: 0 });
    const lost = child(11, 10);
    const born = fork(lost);
    table.seed([running(parent, ["/bin/shim"]), running(lost, ["/usr/bin/server"])]);
    assert.equal(table.apply(born).exePath, "/bin/shim");
    const entry = table.apply(open(lost, "/x"));
    assert.deepEqual([entry.exePath, entry.fromSnapshot], ["/usr/bin/server", true]);
  });

  test("after a loss: who was not told of, ran another program or ended is put right by what runs", () => {
    const table = new ProcessTable(new Counters());
    const early = { startUs: 1 };
    const shim = task({ pid: 10, ppid: 0, ...early });
    const shell = task({ pid: 11, ppid: 10, parentStartUs: 1, ...early });
    const gone = task({ pid: 12, ppid: 11, parentStartUs: 1, ...early });
    const unseen = task({ pid: 13, ppid: 11, parentStartUs: 1, ...early });
    table.seed([running(shim, ["/bin/shim"]), running(shell, ["/bin/sh"])]);
    table.apply(fork(gone));
    const later = exec(shell, ["/bin/later"]);
    const snapshot = [running(shim, ["/bin/shim"]), running(shell, ["/bin/other"]), running(unseen, ["/bin/unseen"])];
    const { born, wrong } = table.heal(snapshot);
    assert.deepEqual([born.map((record) => record.task.pid), wrong], [[13], 3]);
    assert.equal(table.apply(open(shell, "/x")).exePath, "/bin/other");
    const entry = table.apply(open(unseen, "/x"));
    assert.equal(entry.exePath, "/bin/unseen");
    assert.deepEqual(table.lineage(entry, unseen).exePaths, ["/bin/other", "/bin/shim"]);
    table.reap(Number.MAX_SAFE_INTEGER);
    assert.equal(table.size, 3, "the one that ended unseen is forgotten");
    // What came after the look is newer than it.
    table.apply({ ...later, bootUs: later.bootUs + 5_000_000 });
    table.heal(snapshot);
    assert.equal(table.apply(open(shell, "/y")).exePath, "/bin/later");
  });

  test("a process that ended before its pid came again keeps its name, though the snapshot knows only the later one", () => {
    const table = new ProcessTable(new Counters());
    const old = task({ pid: 10, startUs: 100_000 });
    const records = [fork(old), exec(old, ["/bin/old"]), open(old, "/x"), exit(old)];
    table.seed([running(task({ pid: 10, startUs: 200_000 }), ["/bin/new"])]);
    const names = records.map((record) => table.apply(record).exePath);
    assert.deepEqual(names.slice(1), ["/bin/old", "/bin/old", "/bin/old"]);
    assert.equal(table.apply(open(task({ pid: 10, startUs: 200_000 }), "/y")).exePath, "/bin/new");
  });

  test("a pid that comes again is another process, and a late record of the old one does not push out the new", () => {
    const table = new ProcessTable(new Counters());
    const old = table.apply(exec(task({ pid: 10, startUs: 100 }), ["/bin/old"]));
    const fresh = table.apply(exec(task({ pid: 10, startUs: 200 }), ["/bin/new"]));
    assert.notEqual(old, fresh);
    table.apply(exit(task({ pid: 10, startUs: 100 })));
    assert.equal(table.apply(fork(task({ pid: 10, startUs: 200 }))), fresh);
  });

  test("a snapshot gives ancestors though children come before their parents", () => {
    const table = new ProcessTable(new Counters());
    const seen = (pid: number, ppid: number, path: string) => ({
      ...exec(child(pid, ppid), [path]),
      kind: "snapshot" as const,
    });
    table.seed([seen(30, 20, "/c"), seen(20, 10, "/b"), seen(10, 0, "/a")]);
    const entry = table.apply(fork(child(40, 30)));
    assert.deepEqual(table.lineage(entry, child(40, 30)).exePaths, ["/c", "/b", "/a"]);
    assert.equal(table.apply(fork(child(20, 10))).fromSnapshot, true);
  });

  test("an unknown parent is shown by its key and nothing is guessed", () => {
    const table = new ProcessTable(new Counters());
    const orphan = child(11, 10);
    const lineage = table.lineage(table.apply(fork(orphan)), orphan);
    assert.deepEqual(lineage, { pids: [10], startsUs: [10_000], names: [""], exePaths: [""], cmdlines: [""] });
  });

  test("it never grows beyond its bound, and counts what it forgets", () => {
    const counters = new Counters();
    const table = new ProcessTable(counters, 100);
    for (let pid = 1; pid <= 250; pid++) table.apply(fork(child(pid, 0)));
    assert.equal(table.size, 100);
    assert.equal(counters.value("process", "table_evicted"), 150);
  });

  test("no order of forks, execs and exits breaks it: lists stay of one length and the size bounded", () => {
    const step = fc.tuple(
      fc.constantFrom(fork, exit, (of: ReturnType<typeof task>) => exec(of, ["/x"])),
      fc.nat(12),
      fc.nat(12),
      fc.nat(2),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const table = new ProcessTable(new Counters(), 8);
        for (const [make, pid, ppid, life] of steps) {
          const of = task({ pid, ppid, startUs: pid * 10 + life, parentStartUs: ppid * 10 + life });
          const lineage = table.lineage(table.apply(make(of)), of);
          const lengths = new Set(Object.values(lineage).map((list) => list.length));
          assert.equal(lengths.size, 1);
          assert.ok(lineage.pids.length <= limits.ancestorsMax && table.size <= 8);
        }
      }),
    );
  });
});
