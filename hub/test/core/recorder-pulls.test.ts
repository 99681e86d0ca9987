import assert from "node:assert/strict";
import { test } from "node:test";
import { recorderHubLimits } from "../../src/recorder/limits.ts";
import { RecorderPulls } from "../../src/recorder/recorder-pulls.ts";

const ofNode = (node: string) => ({ workspaceId: "main", cluster: "local", node });
const startMs = 1_000_000;
const pullOf = (alert_id: string, node: string, askedMs = startMs) => {
  const pull = { alert_id, container_id: "c", from_us: 0 };
  return { of: ofNode(node), pull, askedUs: askedMs * 1_000 };
};

test("a pull that comes due again ends the sync that is held, until it is answered", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: startMs });
  const woken: string[] = [];
  const pulls = new RecorderPulls([], ({ node }) => void woken.push(node));
  pulls.ask([pullOf("a", "n1")]);
  assert.deepEqual(woken, ["n1"]);
  assert.equal(pulls.take(ofNode("n1")).length, 1);
  assert.equal(pulls.take(ofNode("n1")).length, 0);
  t.mock.timers.tick(recorderHubLimits.againMs + 100);
  assert.deepEqual(woken, ["n1", "n1"]);
  assert.equal(pulls.take(ofNode("n1")).length, 1, "it is due when the sync ends");
  pulls.done(ofNode("n1"), "a");
  t.mock.timers.tick(10 * recorderHubLimits.againMs);
  assert.deepEqual(woken, ["n1", "n1"], "nobody waits for anything");
});

test("what is asked of a node that never comes is forgotten when its time is over", () => {
  let nowMs = startMs;
  const pulls = new RecorderPulls(
    [pullOf("a", "gone")],
    () => {},
    () => nowMs,
  );
  assert.equal(pulls.size, 1);
  nowMs += recorderHubLimits.answerUs / 1_000 + 1;
  pulls.ask([pullOf("b", "here", nowMs)]);
  assert.equal(pulls.size, 1);
  assert.equal(pulls.find(ofNode("gone"), "a"), undefined);
  assert.equal(pulls.take(ofNode("here")).length, 1);
});
