import assert from "node:assert/strict";
import { test } from "node:test";
import { EventEncoder, eventFromJson, eventToJson } from "@atalaya/wire";
import fc from "fast-check";
import { apiEventFromAudit, auditEventsFromList, auditLimits } from "../index.ts";
import { auditRecord } from "./audit-records.ts";

function eventOf(change: object = {}) {
  const read = apiEventFromAudit(auditRecord(change));
  assert.ok(read.ok, read.ok ? "" : read.reason);
  return read.value;
}

function reasonOf(record: unknown): string {
  const read = apiEventFromAudit(record);
  assert.ok(!read.ok, "the record was accepted");
  return read.reason;
}

test("a record becomes an event with its columns, its time to the microsecond and the record itself", () => {
  const event = eventOf();
  assert.equal(event.time_us, Date.parse("2026-11-24T10:00:00Z") * 1000 + 129_877);
  assert.equal(event.user_name, "ana@example.org");
  assert.equal(event.verb, "create");
  assert.equal(event.resource, "pods");
  assert.equal(event.object_name, "web");
  assert.equal(event.response_code, 201);
  assert.deepEqual(event.source_ips, ["192.0.2.17"]);
  const record = JSON.parse(event.record ?? "") as Record<string, unknown>;
  assert.equal(record["kind"], "Event");
  assert.equal(record["apiVersion"], "audit.k8s.io/v1");
  assert.equal(record["auditID"], event.audit_id);
});

test("an event of the largest record can be encoded and read back", () => {
  const event = eventOf({ requestObject: { data: { a: "x".repeat(1_000_000) } } });
  assert.deepEqual(eventFromJson(eventToJson(event)), { ok: true, value: event });
  assert.ok(new EventEncoder().add(event) > 1_000);
});

test("no input makes the reader throw", () => {
  const field = fc.constantFrom(
    ...Object.keys(auditRecord({ requestObject: 1, responseObject: 1, impersonatedUser: 1 })),
  );
  fc.assert(
    fc.property(field, fc.anything({ withBigInt: true, withDate: true, withMap: true }), (name, value) => {
      const read = apiEventFromAudit({ ...auditRecord(), [name]: value });
      assert.equal(typeof read.ok, "boolean");
    }),
  );
  fc.assert(fc.property(fc.anything(), (value) => assert.equal(typeof apiEventFromAudit(value).ok, "boolean")));
  fc.assert(fc.property(fc.anything(), (value) => assert.ok(Array.isArray(auditEventsFromList(value).events))));
});

test("an object that is nested a hundred thousand deep is left out, and the rest of its record is told", () => {
  const deep: unknown = JSON.parse(`${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`);
  const event = eventOf({ requestObject: deep, responseObject: { kind: "Pod" } });
  const record = JSON.parse(event.record ?? "") as Record<string, Record<string, unknown>>;
  assert.deepEqual([event.verb, record["requestObject"]], ["create", undefined]);
  assert.equal(record["annotations"]?.["atalaya.dev/left-out"], "responseObject,requestObject");
  const beside = JSON.parse(eventOf({ annotations: deep }).record ?? "") as Record<string, unknown>;
  assert.deepEqual(beside["annotations"], { "atalaya.dev/cut": "annotations" });
});

test("an answer of too many values hides neither the request nor who made it", () => {
  const many = Array.from({ length: auditLimits.valuesMax + 1 }, () => 1);
  const event = eventOf({ requestObject: { spec: { hostPID: true } }, responseObject: many });
  const record = JSON.parse(event.record ?? "") as Record<string, Record<string, unknown>>;
  assert.deepEqual(record["requestObject"], { spec: { hostPID: true } });
  assert.equal(record["annotations"]?.["atalaya.dev/left-out"], "responseObject");
  const beside = JSON.parse(eventOf({ annotations: many }).record ?? "") as Record<string, unknown>;
  assert.deepEqual(beside["annotations"], { "atalaya.dev/cut": "annotations" });
});

test("padding an object does not push the request's fields out of the record", () => {
  const padded = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`a${index}`, "x".repeat(15_000)]));
  const event = eventOf({ requestObject: { spec: { type: "LoadBalancer" } }, responseObject: padded });
  const record = JSON.parse(event.record ?? "") as Record<string, Record<string, unknown>>;
  assert.deepEqual(record["requestObject"], { spec: { type: "LoadBalancer" } });
  assert.equal(record["responseObject"], undefined);
  assert.equal(record["annotations"]?.["atalaya.dev/left-out"], "responseObject");
  assert.equal(record["annotations"]?.["authorization.k8s.io/decision"], "allow");
});

test("an open key named __proto__ is a key like any other", () => {
  const request: unknown = JSON.parse('{"metadata":{"labels":{"__proto__":{"privileged":true},"constructor":"x"}}}');
  const event = eventOf({ requestObject: request });
  assert.ok(event.record?.includes('"__proto__":{"privileged":true},"constructor":"x"'));
  assert.equal(({} as Record<string, unknown>)["privileged"], undefined);
});

test("what is refused is named by its field and never repeated", () => {
  const secret = "hunter2hunter2";
  assert.equal(reasonOf(auditRecord({ stage: secret })), "`stage` is missing or not what audit.k8s.io/v1 says");
  assert.equal(
    reasonOf(auditRecord({ user: { username: 7 } })),
    "`user.username` is missing or not what audit.k8s.io/v1 says",
  );
  assert.equal(reasonOf(secret), "not an audit event");
  assert.match(reasonOf(auditRecord({ stageTimestamp: secret })), /not a time/);
  assert.match(reasonOf(auditRecord({ apiVersion: "audit.k8s.io/v1beta1" })), /apiVersion/);
});

test("of one request the beginning is skipped and counted, and a session's start is kept", () => {
  const exec = { objectRef: { resource: "pods", subresource: "exec", namespace: "a", name: "b" }, verb: "get" };
  const read = auditEventsFromList({
    kind: "EventList",
    apiVersion: "audit.k8s.io/v1",
    metadata: {},
    items: [
      auditRecord({ stage: "RequestReceived" }),
      auditRecord({ stage: "ResponseStarted" }),
      auditRecord(),
      auditRecord({ ...exec, stage: "ResponseStarted" }),
      auditRecord({ verb: "watch", stage: "ResponseStarted" }),
      auditRecord({ stage: "Panic" }),
      { nothing: true },
    ],
  });
  assert.deepEqual(
    read.events.map((event) => event.stage),
    ["ResponseComplete", "ResponseStarted", "ResponseStarted", "Panic"],
  );
  assert.deepEqual(read.skipped, { RequestReceived: 1, ResponseStarted: 1 });
  assert.deepEqual(
    read.refused.map((one) => one.index),
    [6],
  );
});

test("a single event is read like a list of one, and what is neither is refused", () => {
  assert.equal(
    auditEventsFromList({ kind: "Event", apiVersion: "audit.k8s.io/v1", ...auditRecord() }).events.length,
    1,
  );
  assert.deepEqual(auditEventsFromList({ kind: "EventList", apiVersion: "audit.k8s.io/v1", items: null }).events, []);
  for (const body of [null, 1, "x", [], { kind: "EventList", items: 3 }, { kind: "EventList", apiVersion: "v2" }]) {
    assert.equal(auditEventsFromList(body).refused.length, 1);
  }
});
