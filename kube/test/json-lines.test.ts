import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { jsonLines } from "../index.ts";

async function* chunks(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (let i = 0; from < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    yield bytes.subarray(from, from + size);
    from += size;
  }
}

async function all(bytes: Buffer, sizes: readonly number[], lineBytesMax?: number): Promise<unknown[]> {
  const lines: unknown[] = [];
  for await (const line of jsonLines(chunks(bytes, sizes), lineBytesMax)) lines.push(line);
  return lines;
}

const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });

test("the same values come out wherever the bytes are cut", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.jsonValue(), { maxLength: 20 }), sizes, fc.boolean(), async (values, cuts, ended) => {
      const text = values.map((value) => JSON.stringify(value)).join("\n") + (ended ? "\n" : "");
      const expected = values.map((value) => ({ ok: true, value: JSON.parse(JSON.stringify(value)) }));
      assert.deepEqual(await all(Buffer.from(text), cuts), expected);
    }),
  );
});

test("no bytes make it throw, and each line that is not empty is one result", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), sizes, async (bytes, cuts) => {
      const lines = await all(Buffer.from(bytes), cuts, 64);
      const expected = Buffer.from(bytes)
        .toString("latin1")
        .split("\n")
        .filter((line) => line !== "").length;
      assert.ok(lines.length <= expected);
    }),
  );
});

test("a line beyond the bound is named by its length, and the next one is read", async () => {
  const text = `${JSON.stringify("x".repeat(1_000))}\n[1]\n`;
  assert.deepEqual(await all(Buffer.from(text), [7], 100), [
    { ok: false, code: "BODY_TOO_LARGE", reason: "a line of 1002 bytes" },
    { ok: true, value: [1] },
  ]);
});
