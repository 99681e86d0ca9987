import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Member, type Struct, structsOf } from "../src/kernel/btf.ts";
import { layout, recordKind, sizes } from "../src/kernel/layout.ts";
import { recordBytes } from "../src/kernel/record-bytes.ts";
import { RecordTranslator } from "../src/kernel/translate-records.ts";

const headMembers = { size: { offset: 0, size: 4 }, kind: { offset: 4, size: 2 }, boot_us: { offset: 8, size: 8 } };
const head: Struct = { size: sizes.record_head, members: new Map(Object.entries(headMembers)) };

function exitStruct(members: readonly (readonly [string, Member])[], size: number): Map<string, Struct> {
  const inHead = Object.entries(headMembers).map(([name, member]) => [`head.${name}`, member] as const);
  return new Map([
    ["record_head", head],
    ["exit_record", { size, members: new Map([...inHead, ...members]) }],
  ]);
}

/** A record of theirs: `size` bytes, then a tail. */
function record(size: number, tail: Uint8Array) {
  const of = recordBytes(size + tail.length);
  of.bytes.writeUInt32LE(size + tail.length, 0);
  of.bytes.writeUInt16LE(recordKind.exit, layout.record_head.kind);
  of.bytes.set(tail, size);
  return of;
}

describe("records of another build", () => {
  const ours = exitStruct(
    [
      ["code", { offset: 128, size: 4 }],
      ["signal", { offset: 132, size: 4 }],
    ],
    136,
  );

  test("every member that both know keeps its value, whatever lies around it; what follows the struct follows it", () => {
    const shape = fc.record({
      before: fc.integer({ min: 0, max: 8 }),
      between: fc.integer({ min: 0, max: 8 }),
      swapped: fc.boolean(),
      code: fc.nat(0xffff_ffff),
      signal: fc.nat(0xffff_ffff),
      tail: fc.uint8Array({ maxLength: 64 }),
    });
    fc.assert(
      fc.property(shape, ({ before, between, swapped, code, signal, tail }) => {
        const first = 128 + before * 4;
        const second = first + 4 + between * 4;
        const [codeAt, signalAt] = swapped ? [second, first] : [first, second];
        const size = second + 8;
        const theirs = exitStruct(
          [
            ["code", { offset: codeAt, size: 4 }],
            ["signal", { offset: signalAt, size: 4 }],
            ["of_another_build", { offset: second + 4, size: 4 }],
          ],
          size,
        );
        const from = record(size, tail);
        from.bytes.writeUInt32LE(code, codeAt);
        from.bytes.writeUInt32LE(signal, signalAt);
        const done = RecordTranslator.between(theirs, ours)?.translate(from, 0, size + tail.length);
        assert.ok(done !== undefined);
        assert.equal(done.length, 136 + tail.length);
        const { bytes } = done.from;
        assert.deepEqual(
          [bytes.readUInt32LE(0), bytes.readUInt32LE(128), bytes.readUInt32LE(132)],
          [done.length, code, signal],
        );
        assert.deepEqual(bytes.subarray(136, done.length), Buffer.from(tail));
      }),
    );
  });

  test("what theirs did not know is zero in ours, also after a record that knew it", () => {
    const theirs = exitStruct([["code", { offset: 128, size: 2 }]], 136);
    const from = record(136, new Uint8Array());
    from.bytes.fill(0xff, 128, 136);
    const translator = RecordTranslator.between(theirs, ours);
    for (let i = 0; i < 2; i++) {
      const bytes = translator?.translate(from, 0, 136)?.from.bytes;
      assert.deepEqual([bytes?.readUInt32LE(128), bytes?.readUInt32LE(132)], [0xffff, 0]);
      bytes?.fill(0xff);
    }
  });

  test("a record of a kind that nobody knows, or of another length than it says, is none", () => {
    const translator = RecordTranslator.between(ours, ours);
    const unknown = record(136, new Uint8Array());
    unknown.bytes.writeUInt16LE(999, layout.record_head.kind);
    assert.equal(translator?.translate(unknown, 0, 136), undefined);
    assert.equal(translator?.translate(record(136, new Uint8Array()), 0, 128), undefined);
    assert.equal(translator?.translate(record(136, new Uint8Array(8)), 0, 136), undefined);
    assert.equal(translator?.translate(recordBytes(0), 0, 0), undefined);
  });

  test("types that do not say how a record begins translate nothing", () => {
    assert.equal(RecordTranslator.between(new Map(), ours), undefined);
    const narrow = new Map([["record_head", { size: 128, members: new Map([["kind", { offset: 4, size: 1 }]]) }]]);
    assert.equal(RecordTranslator.between(narrow, ours), undefined);
  });
});

describe("type information", () => {
  /** struct point { int x; short y[2]; } by hand: BTF of three types and a struct. */
  function pointBtf(): Buffer {
    const strings = Buffer.from("\0int\0short\0point\0x\0y\0");
    const at = (name: string) => strings.indexOf(`\0${name}\0`) + 1;
    const u32 = (...values: number[]) => Buffer.from(new Uint32Array(values).buffer);
    const types = Buffer.concat([
      u32(at("int"), 1 << 24, 4, 32),
      u32(at("short"), 1 << 24, 2, 16),
      u32(0, 3 << 24, 0, 2, 1, 2),
      u32(at("point"), (4 << 24) | 2, 8, at("x"), 1, 0, at("y"), 3, 32),
    ]);
    const head = Buffer.alloc(24);
    head.writeUInt16LE(0xeb9f, 0);
    head.writeUInt8(1, 2);
    head.writeUInt32LE(24, 4);
    head.writeUInt32LE(types.length, 12);
    head.writeUInt32LE(types.length, 16);
    head.writeUInt32LE(strings.length, 20);
    return Buffer.concat([head, types, strings]);
  }

  test("says where members lie and how long they are", () => {
    const point = structsOf(pointBtf()).get("point");
    assert.equal(point?.size, 8);
    assert.deepEqual(
      [...(point?.members ?? [])],
      [
        ["x", { offset: 0, size: 4 }],
        ["y", { offset: 4, size: 4 }],
      ],
    );
  });

  test("cut or damaged, gives structs or none, and always an answer", () => {
    const whole = pointBtf();
    fc.assert(
      fc.property(fc.nat(whole.length), fc.nat(whole.length - 1), fc.nat(255), (cut, where, value) => {
        const damaged = Buffer.from(whole);
        damaged[where] = value;
        assert.ok(structsOf(damaged) instanceof Map);
        assert.ok(structsOf(whole.subarray(0, cut)) instanceof Map);
      }),
      { numRuns: 2_000 },
    );
  });
});
