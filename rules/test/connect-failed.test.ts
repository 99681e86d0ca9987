import assert from "node:assert/strict";
import { test } from "node:test";
import { letsThrough } from "../index.ts";
import { connect, holds, load, ruleText } from "./sample-events.ts";

const refused = connect({ activity: "connect_failed", error: -111, socket: [2, 1, 6] });

for (const [condition, failed, tried] of [
  ["evt.type = connect and evt.res = ECONNREFUSED", true, false],
  ["evt.type = connect and evt.rawres = -111 and fd.sip = 169.254.169.254", true, false],
  ["evt.type = connect and evt.failed = true and fd.connected = false", true, false],
  ["evt.type = connect and evt.rawres >= 0", false, true],
  ["evt.type = connect and evt.failed = false", false, true],
  ["evt.type = connect and (evt.rawres >= 0 or evt.res = EINPROGRESS)", false, true],
  // Each connection that fails was tried first: who does not speak of results is told of it once.
  ["evt.type = connect and fd.num >= 0", false, true],
  ["evt.type = connect and fd.sport = 80", false, true],
] as const) {
  test(`${condition}: of one that failed ${failed}, of one that is tried ${tried}`, () => {
    assert.deepEqual([holds(condition, refused), holds(condition, connect())], [failed, tried]);
  });
}

test("failures are asked for by who speaks of them, not by Falco's macro for connections that are made", () => {
  const planOf = (condition: string) => load(ruleText(condition)).filterPlan();
  const asks = (condition: string) => planOf(condition).calls.includes("connect_failed");
  assert.ok(asks("evt.type = connect and evt.res = ECONNREFUSED"));
  assert.ok(asks("evt.type = connect and evt.res != SUCCESS"));
  assert.ok(!asks("evt.type = connect and (evt.rawres >= 0 or evt.res = EINPROGRESS)"));
  assert.ok(!asks("evt.failed = true"));
  // What is said of another call's result is not said of a connection's.
  assert.ok(!asks("(evt.type = connect and fd.sport = 80) or (evt.type = execve and evt.failed = false)"));
  assert.ok(!asks("evt.type = connect and not (evt.type = execve and evt.rawres < 0)"));
  assert.ok(asks("evt.type in (connect, openat) and not (evt.failed = false or fd.sport = 80)"));
  const plan = planOf("evt.type = connect and evt.failed = true");
  assert.ok(letsThrough(plan, refused));
  assert.ok(plan.unasked.includes("network.connect"));
});
