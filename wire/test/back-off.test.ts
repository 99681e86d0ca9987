import assert from "node:assert/strict";
import { test } from "node:test";
import { BackOff } from "../framing.ts";

const limits = { firstMs: 100, mostMs: 1_000, least: 0 };

test("the ceiling doubles up to its most, and begins anew after a success", () => {
  const backOff = new BackOff(limits, () => 1);
  assert.deepEqual(
    Array.from({ length: 6 }, () => backOff.nextMs()),
    [100, 200, 400, 800, 1_000, 1_000],
  );
  backOff.reset();
  assert.equal(backOff.nextMs(), 100);
});

test("chance takes away all of it, or what may be taken", () => {
  assert.equal(new BackOff(limits, () => 0).nextMs(), 0);
  assert.equal(new BackOff({ ...limits, least: 0.5 }, () => 0).nextMs(), 50);
  assert.equal(new BackOff({ ...limits, least: 0.5 }, () => 0.5).nextMs(), 75);
});

test("after a thousand failures it still gives the most", () => {
  const backOff = new BackOff(limits, () => 1);
  for (let i = 0; i < 1_000; i++) backOff.nextMs();
  assert.equal(backOff.nextMs(), 1_000);
});
