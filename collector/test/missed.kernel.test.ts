import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { buildCollector } from "../build.mjs";
import { loadAddon } from "../src/kernel/addon.ts";
import { MissedRuns } from "../src/kernel/missed-runs.ts";
import { preparePinFolder } from "../src/kernel/pins.ts";
import { PinPlace } from "./collector-process.ts";
import { KernelWatch, objectFolder, root } from "./kernel-watch.ts";

// Where a program is at work and its hook comes by again on the same processor, the kernel leaves it out, and it alone counts that
// (since Linux 5.12). No program of ours can be brought to it at will: one that asks for itself stands for them.

describe("runs that the kernel left out", { skip: skipUnless("kernel") }, () => {
  const folder = mkdtempSync(join(tmpdir(), "atalaya-missed-"));
  const object = join(folder, "recursing.bpf.o");
  before(async () => {
    await buildCollector({ root, log: () => undefined });
    const source = join(root, "collector", "test", "programs", "recursing.bpf.c");
    const architecture = execFileSync("gcc", ["-print-multiarch"], { encoding: "utf8" }).trim();
    execFileSync("clang", [
      "-g",
      "-O2",
      "-target",
      "bpf",
      `-I/usr/include/${architecture}`,
      "-c",
      source,
      "-o",
      object,
    ]);
  });
  const place = new PinPlace();
  const pinned = join(place.pin, "again");
  after(() => {
    place.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  test("are read of the kernel, and counted as attempted and lost", () => {
    const addon = loadAddon(objectFolder);
    const runs = new MissedRuns(addon);
    try {
      assert.equal(addon.load(object, "again once"), "");
      for (const program of ["again", "once"]) assert.equal(addon.attach(program), "");
      assert.equal(runs.look("again", "open-fexit"), 0);
      execFileSync("/bin/true");
      const missed = runs.look("again", "open-fexit");
      assert.ok(missed > 0);
      assert.equal(runs.look("once", "life"), 0);
      assert.deepEqual(runs.counters(), [
        { class: "open", reason: "attempted", value: missed },
        { class: "open", reason: "missed", value: missed },
      ]);
      assert.equal(addon.missed("nobody"), 0);
      // As of a set that an earlier build left pinned.
      preparePinFolder(place.pin);
      assert.equal(addon.pinLink("again", pinned), "");
      assert.ok(addon.missedOfLink(pinned) >= missed);
      assert.equal(addon.missedOfLink(`${pinned}-nobody`), 0);
    } finally {
      addon.close();
    }
  });

  test("of the sensor's own programs are asked for with each look after them", async () => {
    const watch = await KernelWatch.open();
    try {
      watch.source.lookAfter();
      const states = watch.source.programs.filter(({ attached }) => attached);
      assert.ok(states.length > 5);
      const told = watch.source.counters().filter(({ reason }) => reason === "missed");
      const sum = (values: readonly number[]) => values.reduce((one, other) => one + other, 0);
      assert.equal(sum(told.map(({ value }) => value)), sum(states.map(({ missed = 0 }) => missed)));
    } finally {
      watch.close();
    }
  });
});
