import assert from "node:assert/strict";
import { test } from "node:test";
import { Counters } from "../src/counters.ts";
import type { KernelRecord } from "../src/kernel-record.ts";
import { collectorLimits } from "../src/limits.ts";
import { ProcessTable } from "../src/process-table.ts";
import { TableHealer } from "../src/table-healer.ts";
import { containerOf, exec, fork, open, running, task } from "./hand-made-records.ts";

const server = task({ pid: 10, ppid: 0, startUs: 1 });
const lost = (value: number) => [{ class: "lifecycle", reason: "ring_full", value }];

function made() {
  const figures = new Counters();
  const table = new ProcessTable(figures);
  table.seed([running(server, ["/bin/server"])]);
  const kernel: { snapshot: () => KernelRecord[] } = { snapshot: () => [running(server, ["/bin/other"])] };
  const parts = { table, snapshot: () => kernel.snapshot(), containerOf: () => containerOf(null), figures };
  return { figures, table, kernel, healer: new TableHealer(parts, lost(7)) };
}

const refuses = () => {
  throw new Error("ENOMEM");
};
const unread: Record<string, () => KernelRecord[]> = { "nothing is given": () => [], "the reading fails": refuses };
for (const [what, snapshot] of Object.entries(unread)) {
  test(`where what runs cannot be read nobody is taken for ended, and it is tried again: ${what}`, () => {
    const { figures, table, kernel, healer } = made();
    const { snapshot: whole } = kernel;
    kernel.snapshot = snapshot;
    healer.look(lost(8), 0);
    healer.caughtUp();
    assert.deepEqual([figures.value("process", "table_unhealed"), figures.value("process", "table_healed")], [1, 0]);
    assert.equal(table.apply(open(server, "/x")).endedUs, null);
    kernel.snapshot = whole;
    healer.look(lost(8), collectorLimits.healMs);
    healer.caughtUp();
    assert.equal(figures.value("process", "table_healed"), 1);
    assert.equal(table.apply(open(server, "/x")).exePath, "/bin/other");
  });
}

test("a scan of /proc, which knows starts in ticks, finds who was told of exactly", () => {
  const { figures, table, kernel, healer } = made();
  const worker = task({ pid: 11, ppid: 10, startUs: 1_234_567 });
  table.apply(fork(worker));
  table.apply(exec(worker, ["/bin/worker"]));
  const seen = running({ ...worker, startUs: 1_230_000 }, ["/bin/worker"]);
  kernel.snapshot = () => [running(server, ["/bin/server"]), { ...seen, bootUs: 9_000_000 }];
  healer.look(lost(8), 0);
  healer.caughtUp();
  assert.equal(figures.value("process", "table_healed"), 0);
  assert.equal(table.apply(open(worker, "/x")).endedUs, null);
  assert.equal(table.size, 2);
});

test("without a loss since the start nothing is read", () => {
  const { kernel, healer } = made();
  kernel.snapshot = () => assert.fail("read");
  healer.look(lost(7), 0);
});
