import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { decodeAck, encodeAck, encodeMessage, MessageReader, messageKinds } from "../index.ts";

test("messages come out whole however the stream is cut", () => {
  const payloads = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 8 });
  fc.assert(
    fc.property(payloads, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 }), (bodies, cuts) => {
      const stream = Buffer.concat(bodies.map((body) => encodeMessage(messageKinds.frame, body)));
      const reader = new MessageReader();
      const got: Buffer[] = [];
      let at = 0;
      for (let i = 0; at < stream.length; i++) {
        const size = cuts[i % cuts.length] as number;
        const result = reader.push(stream.subarray(at, at + size));
        assert.ok(result.ok);
        got.push(...result.value.map((message) => Buffer.from(message.payload)));
        at += size;
      }
      assert.deepEqual(
        got,
        bodies.map((body) => Buffer.from(body)),
      );
    }),
  );
});

test("a length out of range ends the stream instead of filling memory", () => {
  const reader = new MessageReader();
  assert.equal(reader.push(Buffer.from([0xff, 0xff, 0xff, 0xff])).ok, false);
  assert.equal(new MessageReader().push(Buffer.alloc(4)).ok, false);
});

test("an acknowledgement keeps its number", () => {
  const reader = new MessageReader();
  const result = reader.push(encodeAck(123_456_789_012));
  assert.ok(result.ok);
  assert.equal(decodeAck(result.value[0]?.payload ?? Buffer.alloc(0)), 123_456_789_012);
  assert.equal(decodeAck(Buffer.alloc(3)), undefined);
});
