import assert from "node:assert/strict";
import { test } from "node:test";
import type { ThrottledGroup } from "../src/kernel-source.ts";
import { collectorLimits } from "../src/limits.ts";
import { Throttling } from "../src/throttling.ts";

const group = (id: number, of: string, value: number): ThrottledGroup => ({
  ...{ cgroupIdV2: id, cgroupIdV1: 0, class: of, value },
});
const counters = (value: number) => [{ class: "open", reason: "throttled", value }];

test("who is over his budget is named by the class of his events, most first, for a minute", () => {
  let groups = [group(1, "open", 500), group(2, "connect", 7)];
  let reads = 0;
  const read = () => {
    reads += 1;
    return groups;
  };
  const throttling = new Throttling(read, ({ cgroupIdV2 }) => `group ${cgroupIdV2}`);
  throttling.look(counters(507), 0);
  assert.deepEqual(throttling.list(), [], "what was before is not news");
  groups = [group(1, "open", 530), group(1, "open_failed", 20), group(2, "connect", 7), group(3, "call", 400)];
  throttling.look(counters(957), 1_000);
  assert.deepEqual(throttling.list(), [
    { class: "kernel", where: "group 3", value: 400 },
    { class: "file", where: "group 1", value: 50 },
  ]);
  const before = reads;
  throttling.look(counters(957), 2_000);
  assert.equal(reads, before, "nothing has grown: nothing is read");
  // The kernel had forgotten the group, and met it again.
  groups = [group(1, "open", 5)];
  throttling.look(counters(962), 3_000);
  assert.equal(throttling.list().find((one) => one.where === "group 1")?.value, 55);
  throttling.look(counters(962), 3_001 + collectorLimits.throttledMs);
  assert.deepEqual(throttling.list(), []);
});
