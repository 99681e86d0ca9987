import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { buildCollector } from "../build.mjs";
import { type Addon, loadAddon } from "../src/kernel/addon.ts";
import { readCounters } from "../src/kernel/kernel-counters.ts";
import { layout, recordKind, sizes } from "../src/kernel/layout.ts";
import { objectFolder, root } from "./kernel-watch.ts";

const words = sizes.count_slot / 8;
/** KINDS_MAX (bpf/limits.h). */
const entries = 64;

/** What each processor has for itself, one entry after the other. */
function sumOf(addon: Addon, kind: number, offset: number): number {
  const key = Buffer.alloc(4);
  key.writeUInt32LE(kind);
  const slots = addon.mapLookup("counts", key);
  let sum = 0;
  for (let at = offset; at < slots.length; at += sizes.count_slot) sum += Number(slots.readBigUInt64LE(at));
  return sum;
}

describe("the kernel's counters in one call", { skip: skipUnless("kernel") }, () => {
  let addon: Addon;
  before(async () => {
    await buildCollector({ root, log: () => undefined });
    addon = loadAddon(objectFolder);
    assert.equal(addon.load(join(objectFolder, "life.bpf.o"), "process_exec"), "");
    assert.equal(addon.attach("process_exec"), "");
    for (let i = 0; i < 8; i++) spawnSync("/bin/true");
    // Then nothing is counted any more.
    assert.equal(addon.detach("process_exec"), "");
  });
  after(() => addon?.close());

  test("are those of every processor, summed", () => {
    const counters = readCounters(addon);
    for (const { class: kind, reason, value } of counters) {
      const offset = layout.count_slot[reason as keyof typeof layout.count_slot];
      assert.equal(value, sumOf(addon, recordKind[kind as keyof typeof recordKind], offset), `${kind} ${reason}`);
    }
    const attempted = counters.find((one) => one.class === "exec" && one.reason === "attempted");
    assert((attempted?.value ?? 0) >= 8, JSON.stringify(attempted));
  });

  test("are as many as there is room for", () => {
    const all = new Float64Array(entries * words);
    const known = addon.mapSums("counts", Buffer.from(all.buffer));
    assert.equal(known, addon.mapShape("counts")[3]);
    const some = new Float64Array(2 * words + 1).fill(-1);
    assert.equal(addon.mapSums("counts", Buffer.from(some.buffer)), 2);
    assert.deepEqual([...some], [...all.subarray(0, 2 * words), -1]);
    assert.equal(addon.mapSums("counts", Buffer.alloc(7)), 0);
  });

  test("are refused of a map that has one value for all", () => {
    assert.throws(() => addon.mapSums("settings", Buffer.alloc(64)), { code: "EINVAL" });
    assert.throws(() => addon.mapSums("nowhere", Buffer.alloc(64)), { code: "ENOENT" });
  });
});
