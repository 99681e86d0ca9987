import assert from "node:assert/strict";
import { test } from "node:test";
import { type NodeInForce, nodeLines } from "../../src/replay/plan-lines.ts";

const node = (name: string, version: number | null, state: NodeInForce["state"] = "live"): NodeInForce => {
  return { cluster: "prod", node: name, state, version };
};

test("of a running hub's plan is said on which nodes it is in force, and on which not yet", () => {
  assert.deepEqual(nodeLines(7, [node("a", 7), node("b", 6), node("c", null), node("d\n", 5, "silent")]), [
    "Plan 7, by node:",
    "  prod/a  in force",
    "  prod/b  has plan 6 still",
    "  prod/c  has not reported",
    "  prod/d\\u000a  has plan 5 still, and is silent",
  ]);
  assert.deepEqual(nodeLines(7, []), ["Plan 7 is in force on no node: none has reported."]);
});
