import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { auditEventsFromBody, auditEventsFromList, auditLimits } from "../index.ts";
import { deepMark } from "../src/cut-deep.ts";
import { auditRecord } from "./audit-records.ts";

const head = '"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{}';
const bodyOf = (...items: string[]) => Buffer.from(`{${head},"items":[${items.join(",")}]}`);
const recordText = (change: object = {}) => JSON.stringify(auditRecord(change));

function read(bytes: Buffer) {
  const body = auditEventsFromBody(bytes, { receivedUs: 1 });
  assert.ok(body.ok);
  return body.value;
}

/** A record whose request is `text`, which JSON.stringify could not write. */
const withRequest = (text: string, change: object = {}) =>
  recordText({ ...change, requestObject: "HERE" }).replace('"HERE"', text);

const deep = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;

test("one record that a client nested a hundred thousand deep hides none of its batch, nor what else it asked for", () => {
  const hostile = withRequest(`{"junk":${deep(100_000)},"spec":{"hostPID":true}}`, { verb: "patch" });
  const { events, refused, cut } = read(bodyOf(recordText(), hostile, recordText({ verb: "delete" })));
  assert.deepEqual([events.map((event) => event.verb), refused, cut], [["create", "patch", "delete"], [], 1]);
  const record = JSON.parse(events[1]?.record ?? "") as { requestObject: Record<string, unknown> };
  assert.deepEqual(record.requestObject["spec"], { hostPID: true });
  assert.match(JSON.stringify(record.requestObject["junk"]), new RegExp(deepMark.replace(/[[\]]/g, "\\$&")));
});

test("records of too many values keep who and what, and spoil no other, also when there are many of them", () => {
  const many = withRequest(`[${"[],".repeat(auditLimits.valuesMax)}[]]`, { verb: "patch" });
  const { events, refused, cut } = read(bodyOf(...Array<string>(12).fill(many), recordText()));
  assert.deepEqual([events.length, refused.length, cut], [13, 0, 12]);
  assert.equal(events.at(-1)?.verb, "create");
  assert.match(events[0]?.record ?? "", /left-out":"responseObject,requestObject"/);
});

test("records that are none are refused one by one, and counted", () => {
  const { events, refused, refusedCount } = read(
    bodyOf("7", recordText(), '{"a":tru}', '"x,]}"', recordText(), "null"),
  );
  assert.deepEqual([events.length, refused.map((one) => one.index), refusedCount], [2, [0, 2, 3, 5], 4]);
  assert.equal(auditEventsFromBody(Buffer.from(`{${head},"items":[`)).ok, false);
});

test("what is beyond a list's limit is counted without being held", () => {
  const body = Buffer.from(`{${head},"items":[${"0,".repeat(auditLimits.listItemsMax + 99)}0]}`);
  const { refused, refusedCount } = read(body);
  assert.equal(refusedCount, auditLimits.listItemsMax + 100);
  assert.equal(refused.length, auditLimits.listItemsMax + 1);
});

test("a list that is taken apart gives what the parsed one gives", () => {
  const item = fc.oneof(
    fc.jsonValue({ maxDepth: 6 }),
    fc.constant(auditRecord()),
    fc.constant(auditRecord({ stage: "Panic" })),
  );
  const list = fc.record({
    kind: fc.constantFrom("EventList", "Event", "Pod"),
    note: fc.constantFrom('"items":[', "]}", '{"items":[1,2]}'),
    items: fc.oneof(fc.array(item, { maxLength: 6 }), fc.constant(null), fc.constant("none")),
  });
  fc.assert(
    fc.property(fc.oneof(list, item), fc.nat(3), (body, indent) => {
      const whole = auditEventsFromList(body, { receivedUs: 1 });
      const apart = auditEventsFromBody(Buffer.from(JSON.stringify(body, null, indent)), { receivedUs: 1 });
      assert.ok(apart.ok);
      assert.deepEqual(apart.value.events, whole.events);
      assert.deepEqual(apart.value.skipped, whole.skipped);
      assert.equal(apart.value.refusedCount, whole.refusedCount);
    }),
  );
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
      const body = auditEventsFromBody(bytes, { receivedUs: 1 });
      if (!body.ok) return;
      const { events, refused } = body.value;
      for (const { reason } of refused) assert.ok(reason.length < 200);
      for (const event of events) assert.ok(JSON.stringify(event).length < 8_192 + 12 * bytes.length);
    }),
    { numRuns: 2_000, interruptAfterTimeLimit: 10_000 },
  );
});

test("a body of brackets is refused within the time that a real one takes", () => {
  const size = 12 * 1024 * 1024;
  const started = performance.now();
  assert.equal(read(Buffer.alloc(size, "[")).events.length, 0);
  assert.equal(auditEventsFromBody(Buffer.from(`{"items":[${"[".repeat(size)}`)).ok, false);
  const many = read(bodyOf("[],".repeat(size / 3).slice(0, -1)));
  assert.equal(many.events.length, 0);
  assert.ok(performance.now() - started < 5_000);
});
