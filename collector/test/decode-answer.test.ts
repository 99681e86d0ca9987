import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { answersAt } from "../src/kernel/decode-answer.ts";
import { type AnswerParts, answer, question, wireName } from "./dns-message.ts";

const read = (message: Buffer) => answersAt(message, 0, message.length).answers;
const address = (...bytes: number[]): AnswerParts => ({ type: 1, data: Buffer.from(bytes) });

test("addresses and names come in their order; other types are passed over", () => {
  const six = { type: 28, data: Buffer.from("20010db8000000000000000000000001", "hex") };
  const text = { type: 16, data: Buffer.from("\x04spf1") };
  const alias = { type: 5, data: Buffer.from([1, 0x78, 0xc0, 12]) };
  const found = [alias, text, { ...address(192, 0, 2, 7), name: wireName("x.a.example") }, six];
  assert.deepEqual(read(answer("a.example", found)), ["x.a.example", "192.0.2.7", "2001:db8::1"]);
});

test("an address of zeros is an answer, too: it is how names are blocked", () => {
  assert.deepEqual(read(answer("a.example", [address(0, 0, 0, 0), { type: 28, data: Buffer.alloc(16) }])), [
    "0.0.0.0",
    "::",
  ]);
});

test("what is cut ends the list at the last whole answer", () => {
  const whole = answer("a.example", [address(192, 0, 2, 1), address(192, 0, 2, 2)]);
  assert.deepEqual(read(whole.subarray(0, whole.length - 1)), ["192.0.2.1"]);
  assert.deepEqual(read(question("a.example")), []);
});

test("no bytes make it throw, read beyond their end, or give more than 64 answers", () => {
  const many = Array.from({ length: 90 }, (_, n) => address(192, 0, 2, n));
  assert.equal(read(answer("a.example", many)).length, 64);
  const damaged = fc.tuple(fc.array(fc.tuple(fc.nat(90), fc.nat(255))), fc.nat(90)).map(([changes, cut]) => {
    const bytes = answer("www.example.com", [address(1, 2, 3, 4), { type: 5, data: wireName("b.example") }]);
    for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
    return bytes.subarray(0, cut);
  });
  const noise = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.oneof(damaged, noise), (message) => {
      const alone = read(message);
      const around = Buffer.concat([message, Buffer.alloc(64, 0x61)]);
      assert.deepEqual(answersAt(around, 0, message.length).answers, alone);
      assert.ok(alone.length <= 64 && alone.every((one) => one.length <= 4 * 255));
    }),
    { numRuns: 5_000 },
  );
});

test("the shortest time that an answer may be kept is told; none where nobody can say so much", () => {
  const seconds = (...times: number[]) => {
    const message = answer(
      "a.example",
      times.map((_, n) => address(192, 0, 2, n)),
    );
    times.forEach((time, n) => {
      message.writeUInt32BE(time, message.length - (times.length - n) * 16 + 6);
    });
    return answersAt(message, 0, message.length).seconds;
  };
  assert.equal(seconds(300, 60, 90), 60);
  assert.equal(seconds(0x80000000, 60), 0);
  assert.equal(seconds(), 0);
});
