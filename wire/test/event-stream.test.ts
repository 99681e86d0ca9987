import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { EventStreamParser, type StreamMessage } from "../src/event-stream.ts";

function parse(chunks: Buffer[], charsMax = 1_000): { messages: StreamMessage[]; refused: number } {
  const messages: StreamMessage[] = [];
  const parser = new EventStreamParser((message) => messages.push(message), charsMax);
  for (const chunk of chunks) parser.push(chunk);
  return { messages, refused: parser.refused };
}

test("messages are the same however the bytes are cut and whichever line ends are used", () => {
  const end = fc.constantFrom("\n", "\r\n", "\r");
  fc.assert(
    fc.property(
      end,
      fc.array(fc.jsonValue(), { maxLength: 5 }),
      fc.integer({ min: 1, max: 7 }),
      (eol, values, size) => {
        const text = values.map(
          (value, i) => `: hi${eol}id: ${i}${eol}event: alert${eol}data: ${JSON.stringify(value)}${eol}${eol}`,
        );
        const bytes = Buffer.from(`${text.join("")}:end\n`);
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
          bytes.subarray(i * size, (i + 1) * size),
        );
        const expected = values.map((value, i) => ({
          event: "alert",
          id: String(i),
          data: JSON.parse(JSON.stringify(value)),
        }));
        assert.deepEqual(parse(chunks).messages, expected);
      },
    ),
  );
});

test("data that is not JSON or too long is counted and left out", () => {
  const bytes = Buffer.from(`data: {oops\n\ndata: "${"x".repeat(2_000)}"\n\ndata: 1\n\n`);
  assert.deepEqual(parse([bytes]), { messages: [{ event: "message", id: undefined, data: 1 }], refused: 2 });
});

test("no bytes make the parser throw", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 })),
      (parts) => void parse(parts.map((part) => Buffer.from(part))),
    ),
  );
});

test("no bytes make it throw or keep more than its bound, and good messages between them arrive", () => {
  const noise = fc.array(
    fc.constantFrom("data:", "data: x", "id:", "event:", ":", "\r", "\n", "\r\n", "{", "é", "\0"),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(noise, fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (parts, cuts) => {
      const seen: unknown[] = [];
      const parser = new EventStreamParser((message) => seen.push(message.data), 64);
      const bytes = Buffer.from(`${parts.join("")}\n\ndata: {"good":1}\n\n`);
      let at = 0;
      for (let i = 0; at < bytes.length; i++) {
        const size = cuts[i % cuts.length] ?? 1;
        parser.push(bytes.subarray(at, at + size));
        at += size;
      }
      assert.deepEqual(seen.at(-1), { good: 1 });
    }),
    { numRuns: 1_000 },
  );
  const seen: unknown[] = [];
  const parser = new EventStreamParser((message) => seen.push(message.data), 64);
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 2_000; i++) parser.push(Buffer.from("data:\n".repeat(1_000)));
  assert.ok(process.memoryUsage().heapUsed - before < 64 * 1024 * 1024);
  parser.push(Buffer.from("\n\n"));
  assert.deepEqual([seen, parser.refused], [[], 1]);
});
