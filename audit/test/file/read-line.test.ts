import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { auditLimits } from "../../index.ts";
import { readAuditLine } from "../../src/file/read-line.ts";
import { auditRecord } from "../audit-records.ts";

/** As an API server writes it to its file. */
const lineOf = (change: object = {}): Buffer =>
  Buffer.from(JSON.stringify({ kind: "Event", apiVersion: "audit.k8s.io/v1", ...auditRecord(change) }));

/** Events by their verb and what is left out of them, losses by their name. */
const outcomes = (line: Buffer, isWhole = true) =>
  readAuditLine(line, isWhole).map((one) => {
    if (typeof one === "string") return one;
    const record = JSON.parse(one.event.record ?? "") as { annotations: Record<string, string> };
    return [one.event.verb, record.annotations["atalaya.dev/left-out"]]
      .filter((part) => part !== undefined)
      .join(" without ");
  });

test("a line is an event, a skipped stage or no record", () => {
  assert.deepEqual(outcomes(lineOf()), ["create"]);
  assert.deepEqual(outcomes(lineOf({ stage: "RequestReceived" })), ["stage_skipped"]);
  for (const text of ["", "{", "null", "[]", "7", "garbage", '{"kind":"Event"}'])
    assert.deepEqual(outcomes(Buffer.from(text)), ["undecodable"], text);
});

test("an answer of 12 MiB is taken out before its line is parsed, and the request stays", () => {
  const request = { spec: { hostPID: true } };
  const large = lineOf({ requestObject: request, responseObject: { items: ["x".repeat(12 * 1024 * 1024)] } });
  assert.deepEqual(outcomes(large), ["create without responseObject"]);
  const many = lineOf({ requestObject: request, responseObject: Array(auditLimits.valuesMax + 1).fill(0) });
  assert.deepEqual(outcomes(many), ["create without responseObject"]);
  const [event] = readAuditLine(many);
  assert.ok(typeof event === "object" && event.event.record?.includes('"hostPID":true'));
});

test("a request nested a hundred thousand deep does not hide who made it", () => {
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  const text = lineOf({ requestObject: "HERE" }).toString().replace('"HERE"', deep);
  assert.deepEqual(outcomes(Buffer.from(text)), ["create"]);
  const [event] = readAuditLine(Buffer.from(text));
  assert.ok(typeof event === "object" && event.event.record?.includes("nested too deep"));
});

test("a record that is too heavy without its bodies is too large", () => {
  const annotations = Object.fromEntries(Array.from({ length: auditLimits.valuesMax }, (_, n) => [`a${n}`, "x"]));
  assert.deepEqual(outcomes(lineOf({ annotations })), ["too_large"]);
});

test("where a writer was ended in a line and its successor went on, the half is torn and the whole record is told", () => {
  const half = lineOf().subarray(0, 300);
  assert.deepEqual(outcomes(Buffer.concat([half, lineOf({ verb: "delete" })])), ["torn", "delete"]);
  assert.deepEqual(outcomes(half, false), ["torn"]);
  assert.deepEqual(outcomes(lineOf(), false), ["create"], "only the line's end was missing");
});

test("a record that a client put into another one's body is never taken for a record, however the line is torn", () => {
  const forged = { kind: "Event", apiVersion: "audit.k8s.io/v1", ...auditRecord({ verb: "forged" }) };
  const line = lineOf({ requestObject: forged });
  for (let at = 1; at < line.length; at++) {
    const half = line.subarray(0, at);
    assert.deepEqual(outcomes(half, false), ["torn"], `cut at ${at}`);
    assert.deepEqual(outcomes(Buffer.concat([half, line])), ["torn", "create"], `cut at ${at}`);
  }
});

test("no bytes make reading a line throw", () => {
  const text = fc.oneof(fc.string(), fc.json(), fc.string({ unit: fc.constantFrom(...'{}[]",:\\ nu1') }));
  fc.assert(fc.property(text, (one) => assert.ok(readAuditLine(Buffer.from(one)).length > 0)));
  fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.ok(readAuditLine(Buffer.from(bytes)).length > 0)));
});
