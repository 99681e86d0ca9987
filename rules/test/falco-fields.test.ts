import assert from "node:assert/strict";
import { test } from "node:test";
import { exec, holds, open } from "./sample-events.ts";

// Fields of Falco's own rules, as those rules compare them.

test("how long a process had lived is told in nanoseconds, of each of its events, and its parent's", () => {
  const read = { age_us: 5_000_000, start_us: 70_000_000, parent_start_us: 10_000_000 };
  for (const event of [open(read), exec(read)]) {
    assert.ok(holds("proc.duration <= 5000000000", event));
    assert.ok(!holds("proc.duration < 5000000000", event));
    assert.ok(holds("proc.ppid.duration = 65000000000", event));
  }
  assert.ok(!holds("proc.duration exists or proc.ppid.duration exists", open()));
});
