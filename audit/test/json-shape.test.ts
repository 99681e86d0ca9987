import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { auditEventsFromList, auditLimits, parseAuditBody } from "../index.ts";
import { jsonShapeProblem } from "../src/json-shape.ts";
import { auditRecord } from "./audit-records.ts";

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

test("no bytes make reading a body throw, and what is read and refused is bounded", () => {
  const json = fc.json({ maxDepth: 8 }).map((text) => Buffer.from(text));
  const list = fc.array(fc.oneof(fc.jsonValue(), fc.constant(auditRecord())), { maxLength: 5 });
  const lists = list.map((items) => Buffer.from(JSON.stringify({ kind: "EventList", items })));
  const damaged = fc.tuple(lists, fc.nat(), fc.nat(255)).map(([bytes, at, value]) => {
    bytes[at % bytes.length] = value;
    return bytes;
  });
  const noise = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.oneof(json, lists, damaged, noise), (bytes) => {
      const body = parseAuditBody(bytes);
      if (!body.ok) return;
      const { events, refused } = auditEventsFromList(body.value, { receivedUs: 1 });
      for (const { reason } of refused) assert.ok(reason.length < 200);
      for (const event of events) assert.ok(JSON.stringify(event).length < 8_192 + 12 * bytes.length);
    }),
    { numRuns: 2_000, interruptAfterTimeLimit: 10_000 },
  );
});

test("a body of brackets is refused within the time that a real one takes", () => {
  const body = Buffer.alloc(12 * 1024 * 1024, "[");
  assert.deepEqual(parseAuditBody(body), {
    ok: false,
    code: "BODY_MALFORMED",
    reason: `The body is nested deeper than ${auditLimits.bodyDepthMax} levels`,
  });
  const many = parseAuditBody(Buffer.from(`[${"{},".repeat(2_000_000)}{}]`));
  assert.ok(!many.ok && many.reason.includes("larger than"));
});
