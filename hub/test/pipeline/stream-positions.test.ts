import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pipelineLimits } from "../../src/core/limits.ts";
import { StreamPositions } from "../../src/pipeline/stream-positions.ts";

const span = (first: number, last: number) => ({ firstPosition: first, lastPosition: last });

test("what was added is known, and what lies between is not, as long as there are few ranges", () => {
  const position = fc.integer({ min: 1, max: 500 });
  const spans = fc.array(fc.tuple(position, fc.integer({ min: 0, max: 20 })), {
    maxLength: pipelineLimits.streamRangesMax,
  });
  fc.assert(
    fc.property(spans, (list) => {
      const positions = new StreamPositions();
      const model = new Set<number>();
      for (const [first, size] of list) {
        positions.add(span(first, first + size));
        for (let at = first; at <= first + size; at++) model.add(at);
      }
      const again = StreamPositions.parse(positions.toString());
      for (let at = 1; at <= 525; at++) {
        assert.equal(again.has(at), model.has(at), `position ${at}`);
        assert.equal(again.isNew(span(at, at)), !model.has(at), `frame at ${at}`);
      }
    }),
  );
});

test("beyond its ranges a stream forgets only the lowest, which count as known", () => {
  const positions = new StreamPositions();
  const n = pipelineLimits.streamRangesMax + 10;
  for (let i = 1; i <= n; i++) positions.add(span(i * 10, i * 10 + 1));
  assert.ok(positions.has(15), "below the floor");
  assert.ok(!positions.has(n * 10 - 5), "between the newest");
  assert.ok(positions.toString().length < 2_000);
});
