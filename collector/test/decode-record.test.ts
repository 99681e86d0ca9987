import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeRecord } from "../src/kernel/decode-record.ts";
import { layout, recordFlag, recordKind, sizes } from "../src/kernel/layout.ts";
import { type RecordBytes, recordBytes } from "../src/kernel/record-bytes.ts";

function room(size: number, kind: number, strings = ""): { from: RecordBytes; length: number } {
  const text = Buffer.from(strings);
  const from = recordBytes(size + text.length);
  text.copy(from.bytes, size);
  from.bytes.writeUInt32LE(size + text.length, layout.record_head.size);
  from.bytes.writeUInt16LE(kind, layout.record_head.kind);
  return { from, length: size + text.length };
}

test("a fork record gives the task, number for number", () => {
  const { from, length } = room(sizes.fork_record, recordKind.fork);
  const { record_head: head, record_task: task } = layout;
  from.bytes.writeBigUInt64LE(4_767_517_968n, head.boot_us);
  from.bytes.writeUInt32LE(77, head.task + task.pid);
  from.bytes.writeBigUInt64LE(2n ** 40n + 5n, head.task + task.cap_effective);
  from.bytes.write("sixteen bytes ok", head.task + task.comm);
  const record = decodeRecord(from, 0, length, 4096, "lifecycle");
  assert.equal(record?.kind, "fork");
  assert.deepEqual([record.position, record.ring, record.bootUs], [4096, "lifecycle", 4_767_517_968]);
  assert.deepEqual([record.task.pid, record.task.capEffective], [77, 2 ** 40 + 5]);
  assert.equal(record.task.comm, "sixteen bytes ok");
});

test("names of tasks that share a slot of the cache are told apart", () => {
  for (let round = 0; round < 2; round++) {
    for (let index = 0; index < 5_000; index++) {
      const { from, length } = room(sizes.fork_record, recordKind.fork);
      from.bytes.write(`name-${index}`, layout.record_head.task + layout.record_task.comm);
      assert.equal(decodeRecord(from, 0, length, 0, "lifecycle")?.task.comm, `name-${index}`);
    }
  }
});

test("a path whose head is missing begins with an ellipsis", () => {
  const { from, length } = room(sizes.open_record, recordKind.open, "/d/file");
  from.bytes.writeUInt16LE(7, layout.open_record.path_length);
  from.bytes.writeUInt32LE(recordFlag.pathCut | recordFlag.pathTrusted, layout.open_record.flags);
  const record = decodeRecord(from, 0, length, 0, "bulk");
  assert.ok(record?.kind === "open");
  assert.deepEqual([record.path, record.pathTrusted], ["…/d/file", true]);
});

test("bytes that are not UTF-8 become U+FFFD", () => {
  const { from, length } = room(sizes.exec_failed_record, recordKind.exec_failed, "ab");
  from.bytes[sizes.exec_failed_record] = 0xff;
  from.bytes.writeUInt16LE(2, layout.exec_failed_record.filename_length);
  const record = decodeRecord(from, 0, length, 0, "lifecycle");
  assert.ok(record?.kind === "exec_failed");
  assert.equal(record.filename, "\ufffdb");
});

test("a record whose lengths do not add up, or of an unknown kind, is refused", () => {
  for (const [name, kind] of Object.entries(recordKind)) {
    const size = { ...sizes }[`${name}_record` as "exec_record"] ?? sizes.exec_record;
    const { from, length } = room(size, kind, "x");
    assert.equal(decodeRecord(from, 0, length, 0, "lifecycle"), undefined, name);
  }
  for (const kind of [0, 13, 65_535]) {
    const { from, length } = room(sizes.fork_record, kind);
    assert.equal(decodeRecord(from, 0, length, 0, "lifecycle"), undefined);
  }
  const { from } = room(sizes.fork_record, recordKind.fork);
  assert.equal(decodeRecord(from, 0, sizes.fork_record - 8, 0, "lifecycle"), undefined);
});

test("no bytes make the decoder throw", () => {
  const anyKind = fc.constantFrom(...Object.values(recordKind));
  fc.assert(
    fc.property(anyKind, fc.uint8Array({ minLength: 136, maxLength: 512 }), (kind, noise) => {
      const from = recordBytes(noise.length);
      from.bytes.set(noise);
      from.bytes.writeUInt32LE(noise.length, layout.record_head.size);
      from.bytes.writeUInt16LE(kind, layout.record_head.kind);
      const record = decodeRecord(from, 0, noise.length, 0, "bulk");
      assert.ok(record === undefined || record.position === 0);
    }),
    { numRuns: 2_000 },
  );
});
