import assert from "node:assert/strict";
import { test } from "node:test";
import { EventMemory } from "../../src/pipeline/event-memory.ts";

const span = (first: number, last: number) => ({ firstPosition: first, lastPosition: last });

test("a failed commit takes back what its batch and the ones after it remembered, and no more", () => {
  const memory = new EventMemory({ streams: [], audit: [], windows: [] });
  memory.stream("w", "s").add(span(1, 10));
  const kept = memory.newRecord("w", "c", "kept");
  assert.ok(kept);
  memory.close(1);
  memory.stream("w", "s").add(span(11, 20));
  assert.ok(memory.newRecord("w", "c", "lost"));
  assert.equal(memory.newRecord("w", "c", "lost"), undefined);
  memory.close(2);
  memory.settle(1);
  memory.rollBack();
  const positions = memory.stream("w", "s");
  assert.ok(positions.has(10));
  assert.ok(!positions.has(11));
  assert.equal(memory.newRecord("w", "c", "kept"), undefined);
  assert.ok(memory.newRecord("w", "c", "lost"));
});

test("a batch names the streams that it changed, as they are to be written", () => {
  const memory = new EventMemory({ streams: [["w\na\nb", "[-1,0]"]], audit: [], windows: [] });
  memory.stream("w", "a\nb").add(span(1, 2));
  assert.deepEqual(memory.close(1), [["a\nb", "[-1,0,1,2]"]]);
  assert.deepEqual(memory.close(2), []);
});
