import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Account } from "../src/account.ts";
import type { KernelRecord } from "../src/kernel-record.ts";
import { OrderedDrain } from "../src/ordered-drain.ts";
import { RecordStream } from "../src/record-stream.ts";
import { exit, open, task } from "./hand-made-records.ts";

type Ring = "lifecycle" | "bulk";
const stepBytes = 64;

/** Rings that give so many bytes at a time, at most what is asked for, and nothing from a record on that is being written. */
class Rings {
  readonly ringId = "0123456789abcdef";
  readonly records: Record<Ring, KernelRecord[]> = { lifecycle: [], bulk: [] };
  readonly #cursor = { lifecycle: 0, bulk: 0 };
  readonly #produced = { lifecycle: 0, bulk: 0 };
  /** The record of that ring that is being written. */
  busy: Partial<Record<Ring, KernelRecord>> = {};
  /** Those that cannot be read. */
  readonly spoiled = new Set<KernelRecord>();
  account: Buffer | undefined;

  put(ring: Ring, bootUs: number): KernelRecord {
    const made = ring === "lifecycle" ? exit(task({ pid: 1 })) : open(task({ pid: 1 }), "/x");
    const record = { ...made, bootUs, ring, position: this.#produced[ring] };
    this.#produced[ring] += stepBytes;
    this.records[ring].push(record);
    return record;
  }

  drain(ring: Ring, bytesMax: number) {
    const records: KernelRecord[] = [];
    for (const record of this.records[ring].filter((one) => one.position >= this.#cursor[ring])) {
      if (record === this.busy[ring] || (records.length + 1) * stepBytes > bytesMax) break;
      records.push(record);
      this.#cursor[ring] += stepBytes;
    }
    const next = this.#cursor[ring];
    const undecodable = records
      .filter((one) => this.spoiled.has(one))
      .map(({ position, kind }) => ({ position, kind }));
    return {
      records: records.filter((one) => !this.spoiled.has(one)),
      next,
      undecodable,
      isCut: next < this.#produced[ring],
    };
  }

  readonly missed = { kept: [], goOn() {} };
  release() {}
  counters() {
    return [];
  }
  readAccount() {
    return this.account;
  }
  writeAccount(bytes: Uint8Array) {
    this.account = Buffer.from(bytes);
  }
}

function taken(drain: OrderedDrain): number[] {
  const times: number[] = [];
  drain.fill();
  drain.take((record) => times.push(record.bootUs));
  return times;
}

describe("records of both rings in the order of their times", () => {
  test("however little a drain gives: in order, each once", () => {
    const time = fc.integer({ min: 1, max: 1_000 });
    fc.assert(
      fc.property(fc.array(time), fc.array(time), fc.integer({ min: 1, max: 9 }), (lifecycle, bulk, recordsMax) => {
        const rings = new Rings();
        for (const at of lifecycle.sort((a, b) => a - b)) rings.put("lifecycle", at);
        for (const at of bulk.sort((a, b) => a - b)) rings.put("bulk", at);
        const drain = new OrderedDrain(new RecordStream(rings), recordsMax * stepBytes);
        const all: number[] = [];
        while (drain.fill()) all.push(...taken(drain));
        assert.deepEqual(
          all,
          [...lifecycle, ...bulk].sort((a, b) => a - b),
        );
      }),
    );
  });

  test("also of what comes meanwhile, a little of one ring and a lot of the other at a time", () => {
    const ring = fc.constantFrom("lifecycle" as const, "bulk" as const);
    const step = fc.oneof({ weight: 5, arbitrary: ring }, { weight: 1, arbitrary: fc.constant("take" as const) });
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 20, maxLength: 200 }),
        fc.integer({ min: 1, max: 9 }),
        (steps, recordsMax) => {
          const rings = new Rings();
          const drain = new OrderedDrain(new RecordStream(rings), recordsMax * stepBytes);
          const all: number[] = [];
          let happened = 0;
          for (const one of steps) {
            if (one === "take") all.push(...taken(drain));
            else rings.put(one, ++happened);
          }
          while (drain.fill()) all.push(...taken(drain));
          assert.deepEqual(
            all,
            Array.from({ length: happened }, (_, i) => i + 1),
          );
        },
      ),
    );
  });

  test("what gathered while no collector ran: an open waits for the program that opened", () => {
    const rings = new Rings();
    rings.put("lifecycle", 1);
    rings.put("bulk", 1);
    const account = Account.fresh();
    account.accounted.lifecycle = stepBytes;
    account.accounted.bulk = stepBytes;
    rings.account = Buffer.from(account.bytes());
    // More than the first bite after a restart takes, and less than what a drain takes.
    const many = 3_000;
    for (let at = 1; at <= many; at++) rings.put("lifecycle", 10 * at);
    rings.put("bulk", 10 * many + 1);
    const drain = new OrderedDrain(new RecordStream(rings), 1024 * 1024);
    const all: number[] = [];
    while (drain.fill()) all.push(...taken(drain));
    assert.equal(all.length, many + 1);
    assert.equal(all.at(-1), 10 * many + 1, "the open is the last");
  });

  test("a record that is being written holds back what is newer in the other ring, and nothing older", () => {
    const rings = new Rings();
    const drain = new OrderedDrain(new RecordStream(rings), 1024 * 1024);
    rings.put("lifecycle", 10);
    assert.deepEqual(taken(drain), [10]);
    rings.busy.lifecycle = rings.put("lifecycle", 20);
    rings.put("lifecycle", 30);
    for (const at of [9, 25, 35]) rings.put("bulk", at);
    assert.deepEqual(taken(drain), [9]);
    assert.deepEqual(taken(drain), []);
    assert.equal(drain.fill(), true, "it is worth looking again");
    rings.busy = {};
    // The open of before waits: its ring is read on when it is out.
    rings.put("lifecycle", 40);
    assert.deepEqual([...taken(drain), ...taken(drain)], [20, 25, 30, 35, 40]);
    assert.equal(drain.fill(), false);
  });

  test("what cannot be read is told with what is given out around it: neither before its place is passed nor after", () => {
    const rings = new Rings();
    for (const at of [10, 20, 30, 40]) rings.put("lifecycle", at);
    rings.put("bulk", 5);
    rings.spoiled.add(rings.put("bulk", 6));
    const behind = rings.put("bulk", 35);
    const drain = new OrderedDrain(new RecordStream(rings), 3 * stepBytes);
    drain.fill();
    const taken = drain.take(() => undefined);
    assert.deepEqual([taken.upTo.bulk, taken.undecodable], [behind.position, ["open"]]);
    rings.spoiled.add(rings.put("bulk", 36));
    drain.fill();
    assert.deepEqual(drain.take(() => undefined).undecodable, []);
    drain.fill();
    assert.deepEqual(drain.take(() => undefined).undecodable, ["open"]);
    assert.equal(drain.fill(), false);
  });

  test("while nothing but such a record is there, it is worth looking again", () => {
    const rings = new Rings();
    const drain = new OrderedDrain(new RecordStream(rings), 1024 * 1024);
    rings.busy.bulk = rings.put("bulk", 5);
    assert.equal(drain.fill(), true);
    assert.deepEqual(taken(drain), []);
    assert.equal(drain.hasLeft, true);
    rings.busy = {};
    assert.deepEqual(taken(drain), [5]);
    assert.equal(drain.hasLeft, false);
  });
});
