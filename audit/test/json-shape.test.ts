import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { jsonShapeProblem } from "../src/json-shape.ts";

const shape = (value: unknown): { depth: number; values: number } => {
  if (typeof value !== "object" || value === null) return { depth: 0, values: 0 };
  const inner = Object.values(value).map(shape);
  return {
    depth: 1 + Math.max(0, ...inner.map((one) => one.depth)),
    values: 1 + Math.max(0, inner.length - 1) + inner.reduce((sum, one) => sum + one.values, 0),
  };
};

test("depth and number of values are those of what JSON.parse would make", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.nat(3), (value, indent) => {
      const bytes = Buffer.from(JSON.stringify(value, null, indent));
      const { depth, values } = shape(value);
      assert.equal(jsonShapeProblem(bytes, depth, values), undefined);
      if (depth > 0) assert.match(jsonShapeProblem(bytes, depth - 1, values) ?? "", /nested deeper/);
      if (values > 0) assert.match(jsonShapeProblem(bytes, depth, values - 1) ?? "", /larger than/);
    }),
  );
});

test("brackets, commas and quotes inside texts count for nothing", () => {
  const bytes = Buffer.from(JSON.stringify({ a: '[[[{{{,,,"\\"\\', '],"': "é]\\" }));
  assert.equal(jsonShapeProblem(bytes, 1, 2), undefined);
});
