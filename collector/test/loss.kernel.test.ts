import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { statSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { KernelWatch } from "./kernel-watch.ts";
import { OwnGroups } from "./own-groups.ts";

/** As many opens as one group's budget (ORDINARY_BUDGET of bpf/limits.h) lets through at once. */
const inOneGroup = 8_000;

async function ended(command: string[], each: () => void): Promise<number> {
  const [file = "", ...args] = command;
  const child = spawn(file, args, { stdio: "ignore" });
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
  let groups: OwnGroups;
  const openIn = (folder: string, times: number) =>
    OwnGroups.within(folder, [watch.acts, "opens", "openat", String(times), `${watch.folder}/flooded`]);
  before(async () => {
    groups = new OwnGroups("atalaya-loss", 13);
    watch = await KernelWatch.open({ open_names: ["flooded"] });
    writeFileSync(`${watch.folder}/flooded`, "");
  });
  after(() => {
    watch.close();
    groups.remove();
  });

  test("of 20,000 opens as fast as they come, none is lost", async () => {
    const pids: number[] = [];
    for (const folder of groups.folders.slice(0, 5)) {
      pids.push(await ended(openIn(folder, 4_000), () => watch.drain()));
    }
    watch.drain();
    assert.equal(watch.of("open", (record) => pids.includes(record.task.pid)).length, 20_000);
    assert.equal(watch.count("open", "ring_full"), 0);
    assert.equal(watch.count("open", "throttled"), 0);
    assert.equal(watch.undecodable, 0);
  });

  test("of 2,000 executions one after the other, none is lost and each is complete", async () => {
    const pid = await ended([watch.acts, "execs", "2000", "/bin/true"], () => watch.drain());
    await watch.first("exit", (record) => record.task.pid === pid);
    const execs = watch.of("exec", (record) => record.task.ppid === pid);
    assert.equal(execs.length, 2_000);
    assert.ok(execs.every((record) => record.argv.join(" ") === "acts-child marker" && record.exePath !== ""));
    assert.equal(watch.of("exit", (record) => record.task.ppid === pid).length, 2_000);
  });

  test("what does not fit into a ring that nobody releases is counted, and what was kept stays readable", async () => {
    const wanted = 7 * inOneGroup;
    const refusedBefore = watch.count("open", "ring_full");
    const submittedBefore = watch.count("open", "submitted");
    for (const folder of groups.folders.slice(5, 12)) await ended(openIn(folder, inOneGroup), () => undefined);
    const refused = watch.count("open", "ring_full") - refusedBefore;
    const submitted = watch.count("open", "submitted") - submittedBefore;
    assert.ok(refused > 0);
    // Others on this machine may open what lies too deep to be left out.
    assert.ok(refused + submitted >= wanted);
    // Drained without a release, in small bites: nothing moves in the ring until it is released.
    let [records, next] = [0, 0];
    for (;;) {
      const bite = watch.source.drain("bulk", 64 * 1024);
      records += bite.records.filter((record) => record.kind === "open").length;
      if (bite.records.length === 0) break;
      next = bite.next;
    }
    assert.equal(records, submitted);
    const fill = () => watch.source.rings().find((ring) => ring.ring === "bulk");
    assert.ok((fill()?.waitingBytes ?? 0) > 7 * 1024 * 1024);
    watch.source.release("bulk", next);
    assert.equal(fill()?.waitingBytes, 0);
  });

  test("a flood of one control group ends at its budget, is counted with the group, and leaves the others theirs", async () => {
    const [flooding = "", other = ""] = [groups.folders[12], groups.folders[0]];
    const [throttled, attempted] = [watch.count("open", "throttled"), watch.count("open", "attempted")];
    const wanted = 60_000;
    const startMs = performance.now();
    const pid = await ended(openIn(flooding, wanted), () => watch.drain());
    const seconds = (performance.now() - startMs) / 1e3;
    watch.drain();
    const seen = watch.of("open", (record) => record.task.pid === pid).length;
    const lost = watch.count("open", "throttled") - throttled;
    assert.ok(seen >= inOneGroup && seen < 9_000 + seconds * 2_000, `${seen} were seen in ${seconds} s`);
    assert.ok(seen + lost >= wanted);
    assert.ok(watch.count("open", "attempted") - attempted >= wanted);
    const group = watch.source.throttled().find((one) => one.cgroupIdV2 === statSync(flooding).ino);
    assert.deepEqual([group?.class, group?.value], ["open", wanted - seen]);
    const quiet = await ended(openIn(other, 100), () => watch.drain());
    watch.drain();
    assert.equal(watch.of("open", (record) => record.task.pid === quiet).length, 100);
  });

  test("a position that was never drained cannot be released", () => {
    assert.throws(() => watch.source.release("bulk", Number.MAX_SAFE_INTEGER - 7));
  });
});
