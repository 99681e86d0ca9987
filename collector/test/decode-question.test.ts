import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { questionAt } from "../src/kernel/decode-question.ts";
import { edns, question, wireName } from "./dns-message.ts";

const read = (message: Buffer) => questionAt(message, 0, message.length);
const nameless = { name: undefined, type: undefined };

test("a question gives its name in small letters and its type", () => {
  assert.deepEqual(read(question("WWW.Example.COM", { type: 28 })), { name: "www.example.com", type: 28 });
  assert.deepEqual(read(question("a.b", { additional: edns })), { name: "a.b", type: 1 });
  assert.deepEqual(read(question(".")), { name: ".", type: 1 });
});

test("what is not printable, and a dot inside a label, cannot be taken for another name", () => {
  const odd = Buffer.concat([Buffer.from([6]), Buffer.from("a.b\\\0\xff", "latin1"), wireName("example")]);
  assert.equal(read(question(odd)).name, "a\\.b\\\\\\000\\255.example");
});

test("pointers are followed, and the type stands behind the first", () => {
  const hidden = question(Buffer.from([1, 0x61, 0xc0, 20]), { type: 16, additional: wireName("bad.example") });
  assert.deepEqual(read(hidden), { name: "a.bad.example", type: 16 });
});

test("a pointer to itself, or around in a circle, ends", () => {
  assert.deepEqual(read(question(Buffer.from([0xc0, 12]))), nameless);
  assert.deepEqual(read(question(Buffer.from([0xc0, 14, 0xc0, 12]))), nameless);
  assert.deepEqual(read(question(Buffer.from([1, 0x61, 0xc0, 12]))), nameless);
});

test("what is cut, too long or of another kind of label has no name", () => {
  const whole = question("www.example.com");
  for (let length = 0; length < 12 + wireName("www.example.com").length; length++) {
    assert.deepEqual(read(whole.subarray(0, length)), nameless, String(length));
  }
  assert.deepEqual(read(whole.subarray(0, whole.length - 3)), { name: "www.example.com", type: undefined });
  assert.deepEqual(read(question(Buffer.from([0x41, 0x61, 0]))), nameless);
  const long = Array.from({ length: 5 }, () => "x".repeat(60)).join(".");
  assert.deepEqual(read(question(long)), nameless);
});

test("no bytes make it throw, read beyond their end, or give more than a name may be", () => {
  const damaged = fc.tuple(fc.array(fc.tuple(fc.nat(60), fc.nat(255))), fc.nat(60)).map(([changes, cut]) => {
    const bytes = Buffer.from(question("www.example.com", { additional: wireName("b.example") }));
    for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
    return bytes.subarray(0, cut);
  });
  const noise = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.oneof(damaged, noise), (message) => {
      const alone = read(message);
      const around = Buffer.concat([message, Buffer.alloc(64, 0x61)]);
      assert.deepEqual(questionAt(around, 0, message.length), alone);
      assert.ok((alone.name?.length ?? 0) <= 4 * 255);
    }),
    { numRuns: 5_000 },
  );
});

test("every name that a client writes comes back", () => {
  const label = fc.stringMatching(/^[a-z0-9_-]{1,20}$/);
  fc.assert(
    fc.property(fc.array(label, { minLength: 1, maxLength: 8 }), fc.nat(65_535), (labels, type) => {
      assert.deepEqual(read(question(labels.join("."), { type })), { name: labels.join("."), type });
    }),
  );
});
