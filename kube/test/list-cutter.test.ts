import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ListCutter } from "../src/list-cutter.ts";

function cut(text: string, sizes: readonly number[], bytesMax = 1_000_000) {
  const bytes = Buffer.from(text);
  const cutter = new ListCutter(bytesMax);
  const items: unknown[] = [];
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = Math.max(1, sizes[i % sizes.length] ?? 1);
    items.push(...cutter.push(bytes.subarray(at, at + size)));
    at += size;
  }
  return { items, frame: cutter.frame() };
}

const values = (items: unknown[]) => items.map((item) => (item as { value?: unknown }).value);
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });

test("however a list is cut into chunks and spaced, its items and what stands around them are the same", () => {
  const objects = fc.array(fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue()), { maxLength: 6 });
  const metadata = fc.record({ resourceVersion: fc.string(), continue: fc.string({ unit: "grapheme" }) });
  fc.assert(
    fc.property(objects, metadata, sizes, fc.constantFrom(0, 2), fc.boolean(), (items, meta, chunks, spaces, first) => {
      const list = first ? { items, kind: "PodList", metadata: meta } : { kind: "PodList", metadata: meta, items };
      const parsed = JSON.parse(JSON.stringify(list));
      const read = cut(JSON.stringify(list, undefined, spaces), chunks);
      assert.deepEqual(values(read.items), parsed.items);
      assert.deepEqual(read.frame, { ...parsed, items: [] });
    }),
  );
});

test("an item that is too large is a value, and the others are read", () => {
  const list = { items: [{ a: 1 }, { b: "x".repeat(200) }, { c: 3 }], metadata: {} };
  for (const size of [1, 7, 1_000]) {
    const { items } = cut(JSON.stringify(list), [size], 100);
    assert.deepEqual(values(items), [{ a: 1 }, undefined, { c: 3 }]);
    assert.partialDeepStrictEqual(items[1], { ok: false, code: "BODY_TOO_LARGE", reason: "an item of 208 bytes" });
  }
});

test("a key items further inside, and braces and brackets in strings, are no items of the list", () => {
  const list = { metadata: { items: [{ no: 1 }], note: '"items":[{' }, items: [{ items: [{ in: "]}" }] }] };
  const { items, frame } = cut(JSON.stringify(list), [3]);
  assert.deepEqual(values(items), list.items);
  assert.deepEqual(frame, { ...list, items: [] });
});

test("a list that ends in the middle has no frame, and no bytes make the cutter throw", () => {
  const text = JSON.stringify({ metadata: { resourceVersion: "1" }, items: [{ a: [1, "x"] }, {}] });
  for (let end = 0; end < text.length; end++) assert.equal(cut(text.slice(0, end), [5]).frame, undefined, `${end}`);
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:\\ai1 ', "items", '{"items":[') }), sizes, (bytes, of) => {
      cut(bytes, of, 20);
    }),
  );
  assert.throws(() => cut(`{"${"x".repeat(70_000)}`, [1_000]), SyntaxError);
});
