import assert from "node:assert/strict";
import { test } from "node:test";
import { AuditLogWatch } from "../src/audit-log/audit-log-watch.ts";
import { collectorLimits } from "../src/limits.ts";

test("a thread that reads, fails, is back, and says nothing any more is told of, each change once", () => {
  const told: string[] = [];
  let nowMs = 0;
  const watch = new AuditLogWatch(
    (state) => told.push(state),
    () => nowMs,
  );
  for (let second = 0; second < 60; second++) {
    nowMs += 1_000;
    watch.said("read");
    watch.look();
  }
  assert.deepEqual(told, ["read"]);
  watch.failed();
  nowMs += 2 * collectorLimits.auditQuietMs;
  watch.look();
  assert.deepEqual(told, ["read", "failed"]);
  watch.said("waiting");
  watch.said("read");
  nowMs += collectorLimits.auditQuietMs;
  watch.look();
  assert.deepEqual(told, ["read", "failed", "waiting", "read"]);
  nowMs += 1;
  watch.look();
  assert.equal(told.at(-1), "stuck");
  watch.said("absent");
  assert.equal(told.at(-1), "absent");
});
