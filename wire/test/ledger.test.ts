import assert from "node:assert/strict";
import test from "node:test";
import { ledgerRows, nodeLedger } from "../index.ts";

const kernel = [
  { class: "exec", reason: "attempted", value: 100 },
  { class: "exec", reason: "submitted", value: 90 },
  { class: "exec", reason: "ring_full", value: 7 },
  { class: "exec", reason: "filtered", value: 3 },
  { class: "exec", reason: "read_fault", value: 2 },
  { class: "open", reason: "attempted", value: 10 },
  { class: "open", reason: "submitted", value: 10 },
];

test("kinds of records are summed under their class, and what was lost keeps its reason", () => {
  const [file, process] = ledgerRows("kernel", kernel);
  assert.deepEqual(
    [
      file?.class,
      file?.in,
      file?.out,
      file?.difference,
      process?.class,
      process?.in,
      process?.out,
      process?.difference,
    ],
    ["file", 10, 10, 0, "process", 100, 90, 0],
  );
  assert.deepEqual(process?.lost, [{ reason: "ring_full", value: 7 }]);
  assert.deepEqual(process?.left_out, [{ reason: "filtered", value: 3 }]);
});

test("a reason that this version does not know counts as loss", () => {
  assert.equal(ledgerRows("kernel", [{ class: "exec", reason: "eaten", value: 1 }])[0]?.lost[0]?.reason, "eaten");
});

test("a node's account balances from the kernel to the commit, and an event that vanished shows", () => {
  const collector = [
    { class: "exec", reason: "submitted", value: 90 },
    { class: "exec", reason: "handed_on", value: 88 },
    { class: "exec", reason: "undecodable", value: 1 },
    { class: "exec", reason: "pending", value: 1 },
    { class: "open", reason: "submitted", value: 10 },
    { class: "open", reason: "handed_on", value: 10 },
  ];
  const publisher = [
    { class: "process", reason: "received", value: 88 },
    { class: "process", reason: "delivered", value: 80 },
    { class: "process", reason: "given_up", value: 8 },
    { class: "file", reason: "received", value: 10 },
    { class: "file", reason: "delivered", value: 10 },
    { class: "sensor", reason: "received", value: 5 },
    { class: "sensor", reason: "delivered", value: 5 },
  ];
  const hub = [
    { class: "process", reason: "received", value: 81 },
    { class: "process", reason: "committed", value: 80 },
    { class: "process", reason: "duplicate", value: 1 },
    { class: "file", reason: "received", value: 10 },
    { class: "file", reason: "committed", value: 10 },
  ];
  const of = { cluster: "c", node: "n", reportedUs: 1 };
  const good = nodeLedger(of, { kernel, collector, publisher, hub });
  assert.deepEqual([good.balanced, good.difference, good.lost, good.pending], [true, 0, 16, 1]);
  const bad = nodeLedger(of, {
    kernel,
    collector,
    publisher,
    hub: [...hub.slice(0, 4), { class: "file", reason: "committed", value: 9 }],
  });
  assert.deepEqual([bad.balanced, bad.difference], [false, 1]);
});

test("a program whose origin could not be decided by its content is no lost event", () => {
  const counters = ["gone", "unread", "over_budget"].map((why) => ({
    class: "process",
    reason: `image_copy_${why}`,
    value: 7,
  }));
  const [row] = ledgerRows("collector", [
    { class: "exec", reason: "submitted", value: 10 },
    { class: "exec", reason: "handed_on", value: 10 },
    ...counters,
  ]);
  assert.deepEqual([row?.in, row?.out, row?.lost, row?.difference], [10, 10, [], 0]);
});
