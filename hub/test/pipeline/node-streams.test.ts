import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "@atalaya/wire";
import { pipelineLimits } from "../../src/core/limits.ts";
import { EventMemory } from "../../src/pipeline/event-memory.ts";
import { NodeStreams } from "../../src/pipeline/node-streams.ts";

const span = (first: number, last: number) => ({ firstPosition: first, lastPosition: last });
const stream = (node: string, ring: number | string) => `c\n${node}\nboot\n${ring}\n0\nprocess`;
const memory = () => new EventMemory({ streams: [], audit: [], windows: [] });

test("a node that makes up rings forgets its own, and nothing of another's", () => {
  const kept = memory();
  kept.stream("w", stream("honest", 1)).add(span(1, 10));
  kept.close(1);
  const rows = new Map<string, string>();
  for (let i = 0; i < pipelineLimits.streamsPerNodeMax + 50; i++) {
    kept.stream("w", stream("liar", i)).add(span(1, 10));
    for (const [name, positions] of kept.close(i + 2)) rows.set(name, positions);
  }
  assert.ok(kept.stream("w", stream("honest", 1)).has(10));
  assert.ok(!kept.stream("w", stream("liar", 0)).has(10), "its oldest");
  const forgotten = [...rows].filter(([, positions]) => positions === "");
  assert.equal(forgotten.length, 50, "and their rows go with the batch");
});

test("streams in all are bounded too, and whose goes is not told under the batch's workspace", () => {
  const kept = memory();
  const written: string[] = [];
  for (let i = 0; i <= pipelineLimits.streamsMax; i++) {
    kept.stream(`w${i}`, stream("n", 1)).add(span(1, 1));
    written.push(...kept.close(i + 1).map(([, positions]) => positions));
  }
  assert.equal(written.includes(""), false);
});

test("new rings are taken as fast as machines can begin them, then told to wait, for that node alone, until the hour is over", () => {
  const nodes = new NodeStreams();
  const never = () => false;
  const many = Array.from({ length: pipelineLimits.newStreamsPerHourMax }, (_, i) => `w\n${stream("liar", i)}`);
  nodes.admit(many, never, 0);
  nodes.admit(many, never, 1);
  assert.throws(
    () => nodes.admit([`w\n${stream("liar", "more")}`], never, 2),
    (error) => error instanceof Fault && error.code === "BUSY",
  );
  nodes.admit([`w\n${stream("liar", "known")}`], () => true, 2);
  nodes.admit([`w\n${stream("honest", 1)}`], never, 2);
  nodes.admit([`w\n${stream("liar", "more")}`], never, 3_600_001);
});
