import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { youngMs } from "../src/cgroup-paths.ts";
import { collectorLimits } from "../src/limits.ts";
import { FrameOutlet } from "../src/outlets.ts";
import { Pipeline } from "../src/pipeline.ts";
import { cgroupMade, exec, HandMadeSource, open, task } from "./hand-made-records.ts";

const streams = { own: "0".repeat(16), earlier: "0".repeat(16), sensor: "1".repeat(16) };
const origin = { bootId: "0".repeat(32), streams, node: "n", cluster: "c", workspace: "" };
const options = { node: "n", bootId: "0".repeat(32), version: "1", kernel: "6", cgroupMount: "/nowhere" };
const { drainBusyMs, drainSoonMs } = collectorLimits;

function started(): { source: HandMadeSource; pipeline: Pipeline } {
  const source = new HandMadeSource();
  return { source, pipeline: new Pipeline(source, new FrameOutlet(origin, () => undefined), options) };
}

describe("how soon the rings are looked at again", () => {
  test("while programs start where they always did, there is time", () => {
    const { source, pipeline } = started();
    source.put(exec(task({ pid: 100 }), ["/usr/bin/date"]));
    assert.equal(pipeline.tick(), true);
    assert.equal(pipeline.busyMs, drainBusyMs);
  });

  test("a new control group may be a container's: for some seconds it is looked for sooner", (context) => {
    const { source, pipeline } = started();
    source.put(cgroupMade(task({ pid: 100 }), 7, "/kubepods/pod1"));
    pipeline.tick();
    assert.equal(pipeline.busyMs, drainSoonMs);
    const laterMs = performance.now() + youngMs;
    context.mock.method(performance, "now", () => laterMs);
    assert.equal(pipeline.busyMs, drainBusyMs);
  });

  test("what one look could not take all of is not left to lie", () => {
    const { source, pipeline } = started();
    source.put(open(task({ pid: 100 }), "/etc/shadow"), open(task({ pid: 100 }), "/etc/shadow"));
    const drain = source.drain.bind(source);
    source.drain = (ring) => ({ ...drain(ring), isCut: true });
    pipeline.tick();
    assert.equal(pipeline.busyMs, drainSoonMs);
  });
});
