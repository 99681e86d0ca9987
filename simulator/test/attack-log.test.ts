import assert from "node:assert/strict";
import { test } from "node:test";
import { readAttackLine } from "../src/cluster/attack-log.ts";
import { OtherClock } from "../src/cluster/other-clock.ts";

test("each kind of line of the attacker's log is read", () => {
  assert.deepEqual(readAttackLine('{"clock_us":12}'), { state: "clock", clockUs: 12 });
  assert.deepEqual(readAttackLine('{"state":"no_victim"}'), { state: "no_victim" });
  assert.deepEqual(readAttackLine("--- Simulation completed ---"), { state: "completed" });
  const step = { scenario: "recon", step: "port scan", beganUs: 5 };
  const line = (rest: string) => `{"scenario":"recon","step":"port scan",${rest}}`;
  assert.deepEqual(readAttackLine(line('"state":"began","began_us":5')), { state: "began", ...step });
  assert.deepEqual(readAttackLine(line('"state":"done","began_us":5')), {
    state: "ended",
    ...step,
    failure: undefined,
  });
  assert.deepEqual(readAttackLine(line('"state":"failed","began_us":5,"why":"no"')), {
    state: "ended",
    ...step,
    failure: "no",
  });
});

test("whatever else stands in the log is left out", () => {
  for (const line of [
    "",
    "bash: warning",
    "{",
    "null",
    '{"state":"done"}',
    '{"scenario":1}',
    `{"a":"${"x".repeat(5_000)}"}`,
  ]) {
    assert.equal(readAttackLine(line), undefined);
  }
});

test("clocks that agree to a second are one, however late a line comes", () => {
  const clock = new OtherClock();
  clock.note(1_000_000, 8_000_000);
  clock.note(2_000_000, 2_400_000);
  clock.note(3_000_000, 3_900_000);
  assert.equal(clock.toHere(3_000_000), 3_000_000);
});

test("a clock that is behind or ahead is allowed for, by the least difference", () => {
  const behind = new OtherClock();
  for (const late of [90_000, 4_000, 300_000]) behind.note(0, 60_000_000 + late);
  assert.equal(behind.toHere(0), 60_004_000);
  const ahead = new OtherClock();
  for (const late of [90_000, 4_000, 300_000]) ahead.note(60_000_000, late);
  assert.equal(ahead.toHere(60_000_000), 4_000);
});

test("without a stamp of the other clock nothing is corrected", () => {
  assert.equal(new OtherClock().toHere(7), 7);
});
