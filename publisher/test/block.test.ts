import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { encodeBlock, findBlock, newSide, readBlockHead } from "../src/spool/block.ts";
import { streamNameBytes } from "../src/spool/stream-table.ts";
import { newTally, tallyPlaces } from "../src/spool/tally.ts";

const tally = fc.array(fc.nat(1_000_000), { minLength: tallyPlaces, maxLength: tallyPlaces });
const stream = fc.tuple(
  fc.string({ unit: fc.constantFrom("a", "\0", "z"), minLength: streamNameBytes, maxLength: streamNameBytes }),
  fc.nat(),
);
const block = fc.record({
  number: fc.nat(),
  storedUs: fc.nat(),
  before: tally,
  here: tally,
  side: fc.record({ deduplicated: tally, given_up: tally, refused: tally }, { noNullPrototype: true }),
  streams: fc.array(stream, { maxLength: 5 }),
  unpackedBytes: fc.nat(),
});
const payload = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));

test("a block that was written is found again, whatever lies around it", () => {
  fc.assert(
    fc.property(block, payload, payload, payload, (of, inside, ahead, behind) => {
      const bytes = encodeBlock(of, inside);
      const found = findBlock(Buffer.concat([ahead, bytes, behind]), 0);
      assert.equal(found?.at, ahead.length);
      assert.deepEqual(found?.head.side, of.side);
      assert.deepEqual(found?.head.streams, of.streams);
    }),
    { numRuns: 500 },
  );
});

test("no bytes make looking for blocks throw, also where a checksum was made to fit", () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(block, payload, damage, fc.boolean(), (of, inside, changes, mend) => {
      const bytes = Buffer.from(encodeBlock(of, inside));
      for (const [at, value] of changes) bytes[8 + (at % (bytes.length - 8))] = value;
      const headerBytes = bytes.readUInt32LE(8);
      if (mend && headerBytes >= 8 && headerBytes <= bytes.length)
        bytes.writeUInt32LE(crc32(bytes.subarray(8, headerBytes)), 4);
      const head = readBlockHead(bytes, 0);
      findBlock(bytes, 0);
      if (head === undefined) return;
      for (const one of [head.before, head.here, ...Object.values(head.side)]) assert.equal(one.length, tallyPlaces);
      assert.ok(head.streams.length * (streamNameBytes + 8) < bytes.length);
    }),
    { numRuns: 3_000, interruptAfterTimeLimit: 8_000 },
  );
  const marks = Buffer.from("ATBK".repeat(1_000_000));
  const started = performance.now();
  assert.equal(findBlock(marks, 0), undefined);
  assert.ok(performance.now() - started < 5_000, "a file of nothing but marks is no place to stay");
  assert.equal(newTally().length, newSide().refused.length);
});
