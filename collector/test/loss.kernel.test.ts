import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { KernelWatch } from "./kernel-watch.ts";

async function ended(watch: KernelWatch, args: string[], each: () => void): Promise<number> {
  const child = spawn(watch.acts, args, { stdio: "ignore" });
  let isRunning = true;
  const status = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  void status.then(() => {
    isRunning = false;
  });
  while (isRunning) {
    each();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.equal(await status, 0);
  return child.pid ?? 0;
}

describe("under load", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  before(async () => {
    watch = await KernelWatch.open({ open_names: ["flooded"] });
    writeFileSync(`${watch.folder}/flooded`, "");
  });
  after(() => watch.close());

  test("of 20,000 opens as fast as they come, none is lost", async () => {
    const pid = await ended(watch, ["opens", "openat", "20000", `${watch.folder}/flooded`], () => watch.drain());
    watch.drain();
    assert.equal(watch.of("open", (record) => record.task.pid === pid).length, 20_000);
    assert.equal(watch.count("open", "ring_full"), 0);
    assert.equal(watch.undecodable, 0);
  });

  test("of 2,000 executions one after the other, none is lost and each is complete", async () => {
    const pid = await ended(watch, ["execs", "2000", "/bin/true"], () => watch.drain());
    await watch.first("exit", (record) => record.task.pid === pid);
    const execs = watch.of("exec", (record) => record.task.ppid === pid);
    assert.equal(execs.length, 2_000);
    assert.ok(execs.every((record) => record.argv.join(" ") === "acts-child marker" && record.exePath !== ""));
    assert.equal(watch.of("exit", (record) => record.task.ppid === pid).length, 2_000);
  });

  test("what does not fit into a ring that nobody releases is counted, and what was kept stays readable", async () => {
    const wanted = 50_000;
    const refusedBefore = watch.count("open", "ring_full");
    const submittedBefore = watch.count("open", "submitted");
    const pid = await ended(watch, ["opens", "openat", String(wanted), `${watch.folder}/flooded`], () => undefined);
    const refused = watch.count("open", "ring_full") - refusedBefore;
    const submitted = watch.count("open", "submitted") - submittedBefore;
    assert.ok(refused > 0);
    assert.equal(refused + submitted, wanted);
    // Drained without a release, in small bites: nothing moves in the ring until it is released.
    let [records, next] = [0, 0];
    for (;;) {
      const bite = watch.source.drain("bulk", 64 * 1024);
      records += bite.records.filter((record) => record.kind === "open" && record.task.pid === pid).length;
      if (bite.records.length === 0) break;
      next = bite.next;
    }
    assert.equal(records, submitted);
    const fill = () => watch.source.rings().find((ring) => ring.ring === "bulk");
    assert.ok((fill()?.waitingBytes ?? 0) > 7 * 1024 * 1024);
    watch.source.release("bulk", next);
    assert.equal(fill()?.waitingBytes, 0);
  });

  test("a position that was never drained cannot be released", () => {
    assert.throws(() => watch.source.release("bulk", Number.MAX_SAFE_INTEGER - 7));
  });
});
