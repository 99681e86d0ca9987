import assert from "node:assert/strict";
import { test } from "node:test";
import { samplesOf } from "../index.ts";
import { builtIn, firedBy } from "./fired-rules.ts";

// News of sensors are made by the hub itself: its samples are written by hand, and hub/test/health has a hub make each.

for (const { name } of builtIn.rules.filter((rule) => rule.source === "sensor")) {
  test(`${name} fires for its own news alone, and has a twin that stays quiet`, () => {
    const samples = samplesOf({ name });
    assert.deepEqual(samples.map(({ kind }) => kind).sort(), ["fires", "quiet"]);
    for (const sample of samples) {
      const fired = firedBy(...sample.events);
      assert.equal(fired.includes(name), sample.kind === "fires", sample.path);
      assert.equal(fired.length, 1);
      assert.equal(sample.captured, false);
    }
  });
}

test("the sentence of a blind sensor says how long, where, why and how much", () => {
  const [sample] = samplesOf({ name: "Sensor Blind" });
  const event = sample?.events[0];
  assert.ok(event?.class === "sensor");
  assert.deepEqual([event.node, event.reason, event.count], ["node-7", "ring_full", 1_204]);
});
