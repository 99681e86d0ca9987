import assert from "node:assert/strict";
import { test } from "node:test";
import { apiEventFromAudit, auditEventsFromBody, auditLimits } from "../index.ts";
import { cutText } from "../src/cut-text.ts";
import { auditRecord } from "./audit-records.ts";

type Told = Record<string, unknown> & { annotations: Record<string, string> };

function eventOf(change: object) {
  const read = apiEventFromAudit(auditRecord(change));
  assert.ok(read.ok, read.ok ? "" : read.reason);
  return { ...read.value, told: JSON.parse(read.value.record ?? "") as Told };
}

/** As Go writes JSON: these letters six times as long. */
const asGoWrites = (value: unknown) => JSON.stringify(value).replaceAll("<", "\\u003c");
const read = (...records: object[]) => {
  const text = asGoWrites({ kind: "EventList", apiVersion: "audit.k8s.io/v1", metadata: {}, items: records });
  const body = auditEventsFromBody(Buffer.from(text));
  assert.ok(body.ok);
  return body.value;
};

test("an Audit-ID of any length hides nothing, and two that begin alike stay two", () => {
  const [one, other] = ["1", "2"].map((end) => eventOf({ auditID: `${"a".repeat(300)}${end}` }));
  assert.equal(one?.audit_id?.length, auditLimits.auditIdCharsMax);
  assert.notEqual(one?.audit_id, other?.audit_id);
  assert.equal(one?.told.annotations["atalaya.dev/cut"], "auditID");
  // Nor does an id that looks like what another becomes.
  assert.notEqual(eventOf({ auditID: one?.audit_id ?? "" }).audit_id, one?.audit_id);
  assert.equal(eventOf({ auditID: "b".repeat(256) }).told.annotations["atalaya.dev/cut"], undefined);
});

test("whatever a client fills beside the bodies, the request is told, and what was cut is named and counted", () => {
  const long = "x".repeat(1_000_000);
  const many = Array.from({ length: 50_000 }, (_, index) => `g${index}`);
  const extra = { scopes: many };
  const changes: Record<string, object> = {
    auditID: { auditID: long },
    requestURI: { requestURI: `/api/v1/pods?x=${long}` },
    verb: { verb: long },
    userAgent: { userAgent: long },
    sourceIPs: { sourceIPs: many.map(() => "192.0.2.1") },
    "responseStatus.message": { responseStatus: { code: 422, message: long } },
    "responseStatus.reason": { responseStatus: { code: 422, reason: long } },
    "user.groups": { user: { username: "ana", groups: many } },
    "user.extra": { user: { username: "ana", extra } },
    "impersonatedUser.username": { impersonatedUser: { username: long } },
    "impersonatedUser.uid": { impersonatedUser: { username: "eva", uid: long } },
    "impersonatedUser.groups": { impersonatedUser: { username: "eva", groups: [long, ...many] } },
    "impersonatedUser.extra": { impersonatedUser: { username: "eva", extra } },
    "objectRef.name": { objectRef: { resource: "pods", name: long } },
    "objectRef.namespace": { objectRef: { resource: "pods", namespace: long } },
    "responseStatus.details": { responseStatus: { code: 201, details: { causes: many } } },
    annotations: { annotations: { "a/b": long } },
  };
  for (const [name, change] of Object.entries(changes)) {
    const { events, refused, cut } = read(auditRecord(change));
    assert.deepEqual([events.length, refused, cut], [1, [], 1], name);
    const told = JSON.parse(events[0]?.record ?? "") as Told;
    assert.equal(told.annotations["atalaya.dev/cut"], name);
    assert.ok((events[0]?.record ?? "").length < 300_000, name);
  }
  assert.equal(read(auditRecord()).cut, 0);
});

test("the mark of what was cut stays, whatever is redacted before it", () => {
  // Redacting makes a text longer: the mark must not be what is cut off then.
  const agent = "a token=b ".repeat(2_000);
  for (const userAgent of [agent, `${agent}c`])
    assert.match(eventOf({ userAgent }).user_agent ?? "", /\[cut [0-9a-f]{32}\]$/);
  assert.notEqual(eventOf({ userAgent: agent }).user_agent, eventOf({ userAgent: `${agent}c` }).user_agent);
  const ip = "1".repeat(500);
  assert.match(eventOf({ sourceIPs: [ip] }).told["sourceIPs"]?.toString() ?? "", /^1+\[cut [0-9a-f]{32}\]$/);
});

test("a mebibyte of headers that JSON writes six times as long is no reason to refuse the record", () => {
  const groups = Array.from({ length: 500 }, () => "<".repeat(2_000));
  const request = { requestObject: { spec: { hostPID: true } } };
  const { events, refused, cut } = read(auditRecord({ ...request, impersonatedUser: { username: "eva", groups } }));
  assert.deepEqual([events.length, refused, cut], [1, [], 1]);
  assert.match(events[0]?.record ?? "", /"atalaya.dev\/left-out":"responseObject,requestObject"/);
});

test("a request by a method that the API server does not know is told, too", () => {
  assert.equal(eventOf({ verb: "" }).verb, "");
});

test("bodies that are left out for the record's size alone are counted as cut", () => {
  const padded = Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`a${index}`, "x".repeat(15_000)]));
  const { events, cut } = read(auditRecord({ requestObject: { spec: {} }, responseObject: padded }));
  assert.deepEqual([events.length, cut], [1, 1]);
  assert.match(events[0]?.record ?? "", /"atalaya.dev\/left-out":"responseObject"/);
});

test("a record in whose body a text was cut is counted", () => {
  const request = (letters: number) => auditRecord({ requestObject: { spec: { note: "x".repeat(letters) } } });
  assert.deepEqual(
    [16_384, 16_385].map((letters) => read(request(letters)).cut),
    [0, 1],
  );
});

test("a URI that is cut does not become one that says dryRun=All", () => {
  const padding = (letters: number) => `/api/v1/pods?x=${"y".repeat(letters)}&dryRun=All%zz`;
  for (let letters = 8_100; letters < 8_200; letters++) {
    const told = eventOf({ requestURI: padding(letters) }).told;
    assert.doesNotMatch(String(told["requestURI"]), /dryRun=All$/);
  }
  const odd = eventOf({ requestURI: "/api/v1/pods??dryRun=All&token=abcdefgh" }).told;
  assert.equal(new URL(String(odd["requestURI"]), "http://a").searchParams.get("dryRun"), null);
});

test("a cut text is as long as it may be", () => {
  assert.equal(cutText("a".repeat(81), 80).length, 80);
  assert.equal(cutText("a".repeat(80), 80), "a".repeat(80));
});
