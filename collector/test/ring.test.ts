import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Addon } from "../src/kernel/addon.ts";
import type { Struct } from "../src/kernel/btf.ts";
import { layout, recordKind, sizes } from "../src/kernel/layout.ts";
import { Ring } from "../src/kernel/ring.ts";
import { RecordTranslator } from "../src/kernel/translate-records.ts";

/** Records of so many bytes that hold nothing but their size and, at `kindAt`, their kind; `refused` more were none. */
function ringOf(kinds: readonly number[], given: { kindAt?: number; refused?: number; translator?: RecordTranslator }) {
  const { kindAt = layout.record_head.kind, refused = 0, translator } = given;
  const bytes = 8 * Math.ceil(sizes.record_head / 8);
  const out = Buffer.concat(
    kinds.map((kind, i) => {
      const one = Buffer.alloc(16 + bytes);
      one.writeUInt32LE(bytes, 0);
      one.writeBigUInt64LE(BigInt(1_000 * i), 8);
      one.writeUInt32LE(bytes, 16);
      one.writeUInt16LE(kind, 16 + kindAt);
      return one;
    }),
  );
  const next = 1_000 * kinds.length;
  const addon = {
    openRing: () => 0,
    drain: (_ring: number, into: Buffer) => out.copy(into),
    ringState: () => [next, 0, next, 1 << 20, refused, 0],
  };
  return new Ring(addon as unknown as Addon, "bulk", "bulk", translator);
}

describe("records that cannot be read", () => {
  // None of these is as short as its head alone, but for what a snapshot is not: it goes through no ring.
  const named = Object.entries(recordKind).filter(([kind]) => kind !== "snapshot");
  const unnamed = [0, recordKind.snapshot, 999];

  test("have the kind that their head says, and else their ring's name", () => {
    const ring = ringOf([...named.map(([, number]) => number), ...unnamed], { refused: 1 });
    const { records, undecodable } = ring.drain();
    assert.deepEqual(records, []);
    const end = 1_000 * (named.length + unnamed.length) - 1;
    assert.deepEqual(
      undecodable.map(({ kind }) => kind),
      ["bulk", ...named.map(([kind]) => kind), ...unnamed.map(() => "bulk")],
    );
    assert.deepEqual(
      undecodable.map(({ position }) => position),
      [end, ...undecodable.slice(1).map((_, i) => 1_000 * i)],
    );
  });

  test("of another build have it where that build keeps it; where nobody knows where that is, their ring's name", () => {
    const head = (kindAt: number): Struct => ({
      size: sizes.record_head,
      members: new Map(Object.entries({ size: { offset: 0, size: 4 }, kind: { offset: kindAt, size: 2 } })),
    });
    const structs = (kindAt: number) =>
      new Map([
        ["record_head", head(kindAt)],
        ["exit_record", { size: sizes.record_head, members: new Map() }],
      ]);
    const kindAt = 24;
    const translator = RecordTranslator.between(structs(kindAt), structs(layout.record_head.kind));
    assert.ok(translator !== undefined);
    const kinds = [recordKind.call, recordKind.sensor_bpf, 999];
    const read = ringOf(kinds, { kindAt, translator }).drain();
    assert.deepEqual(
      read.undecodable.map(({ kind }) => kind),
      ["call", "sensor_bpf", "bulk"],
    );
    const skipped = ringOf(kinds, { kindAt, refused: 1 }).skip();
    assert.deepEqual([skipped.records, skipped.undecodable.map(({ kind }) => kind)], [[], Array(4).fill("bulk")]);
  });
});
