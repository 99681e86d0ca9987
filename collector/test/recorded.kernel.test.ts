import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { FilterPlan } from "@atalaya/wire";
import { skipUnless } from "../../tools/testing/needs.ts";
import { recorderWord } from "../src/recorder-word.ts";
import { countedParts, KernelWatch, root } from "./kernel-watch.ts";
import { OwnGroups } from "./own-groups.ts";

// The control groups of "containers" in which this process's children run, in turn.

const nothingAsked: Partial<FilterPlan> = {
  unasked: ["file.open", "file.open_failed", "network.connect", "network.send", "process.exec_failed"],
  calls: [recorderWord],
};

describe("what the flight recorder keeps and no rule asks for", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  let groups: OwnGroups;
  let sampler: string;
  before(async () => {
    watch = await KernelWatch.open(nothingAsked);
    sampler = join(watch.folder, "sample-calls");
    const source = join(root, "collector", "test", "programs", "sample-calls.c");
    execFileSync("gcc", ["-O2", "-Wall", "-Werror", "-D_GNU_SOURCE", "-static", source, "-o", sampler]);
    groups = new OwnGroups("recorded", 2);
    writeFileSync(join(watch.folder, "file"), "");
  });
  after(() => {
    groups.remove();
    watch.close();
  });

  /** Runs the calls in that group; gives what came of them: `+` what is the recorder's alone. */
  async function did(folder: string, lines: readonly string[], own = "cgroup.procs"): Promise<string[]> {
    const input = Buffer.from(`${lines.join("\n")}\n`);
    watch.records.length = 0;
    const [shell = "", ...args] = ["/bin/sh", "-c", `echo $$ > ${folder}/${own} && exec "$0"`, sampler];
    const { pid, status } = watch.run(shell, args, { input });
    assert.equal(status, 0);
    await watch.first("exit", (record) => record.task.pid === pid);
    const shown = watch.records.flatMap((record) => {
      if (record.task.pid !== pid || !("openFlags" in record || "dstPort" in record)) return [];
      const what = "openFlags" in record ? record.path : String(record.dstPort);
      return [`${record.forRecorder === true ? "+" : ""}${record.kind} ${what}`];
    });
    return shown.filter((one) => !one.includes("cgroup.procs"));
  }

  const idOf = (folder: string) => statSync(folder).ino;
  const file = () => join(watch.folder, "file");
  const calls = () => [`r ${file()}`, `w ${file()}`, `w ${file()}.none/x`, "c 80", "u 81", "c 80", "u 81"];

  test("of a recorded group and of those below it, marked, each destination once; of others nothing", async () => {
    const [folder = "", other = ""] = groups.folders;
    assert.deepEqual(await did(folder, calls()), []);
    const group = { cgroupId: idOf(folder), cgroupVersion: 2 } as const;
    assert.equal(watch.source.recorded.add(group), true);
    const wanted = [`+open ${file()}`, "+connect 80", "+send 81"];
    assert.deepEqual(await did(folder, calls()), wanted);
    const below = join(folder, "a");
    const deep = join(below, "b", "c");
    mkdirSync(deep, { recursive: true });
    try {
      assert.deepEqual(await did(deep, calls()), wanted);
    } finally {
      for (const one of ["a/b/c", "a/b", "a"]) rmdirSync(join(folder, one));
    }
    assert.deepEqual(await did(other, calls()), []);
    const repeated = watch.count("connect", "repeated");
    assert.ok(repeated >= 2, `${repeated} repeated`);
    watch.source.recorded.remove(group);
    assert.deepEqual(await did(folder, calls()), []);
  });

  test("what a rule asks for is not marked, and goes as it did", async () => {
    const [folder = ""] = groups.folders;
    const group = { cgroupId: idOf(folder), cgroupVersion: 2 } as const;
    watch.setPlan({ open_names: ["file"], connect_ports: [80], send_ports: [], calls: [recorderWord] });
    watch.source.recorded.add(group);
    const came = await did(folder, [...calls(), "c 443"]);
    assert.deepEqual(came, [
      ...[`open ${file()}`, `open ${file()}`],
      ...["connect 80", "+send 81", "connect 80", "+connect 443"],
    ]);
    watch.source.recorded.remove(group);
    watch.setPlan(nothingAsked);
  });

  test("a connection that failed is kept, each place once, also where a rule asks for the connection itself", async () => {
    const [folder = ""] = groups.folders;
    const group = { cgroupId: idOf(folder), cgroupVersion: 2 } as const;
    watch.source.recorded.add(group);
    for (const plan of [nothingAsked, { calls: [recorderWord] }, { calls: ["connect_failed"] }]) {
      watch.setPlan(plan);
      await did(folder, ["c 80", "c 80", "c 81"]);
      const failed = watch.of("connect_failed", () => true);
      const told = failed.map(({ remotePort, result, forRecorder }) => [remotePort, result, forRecorder === true]);
      const isAsked = plan.calls?.includes("connect_failed") === true;
      const again = isAsked ? [[80, -111, false]] : [];
      assert.deepEqual(told, [[80, -111, !isAsked], ...again, [81, -111, !isAsked]]);
    }
    watch.source.recorded.remove(group);
    watch.setPlan(nothingAsked);
  });

  test("a control group of the first version is one as well", {
    skip: !existsSync("/sys/fs/cgroup/memory/tasks"),
  }, async () => {
    const folder = `/sys/fs/cgroup/memory/recorded-${process.pid}`;
    mkdirSync(folder);
    const group = { cgroupId: idOf(folder), cgroupVersion: 1 } as const;
    try {
      watch.source.recorded.add(group);
      assert.deepEqual(await did(folder, calls()), [`+open ${file()}`, "+connect 80", "+send 81"]);
    } finally {
      watch.source.recorded.remove(group);
      rmdirSync(folder);
    }
  });

  test("binds and listens are kept as well", async () => {
    const [folder = ""] = groups.folders;
    const group = { cgroupId: idOf(folder), cgroupVersion: 2 } as const;
    watch.source.recorded.add(group);
    watch.records.length = 0;
    const script = "const s = require('node:net').createServer().listen(0, '127.0.0.1', () => s.close())";
    const { pid } = watch.run("/bin/sh", [
      "-c",
      `echo $$ > ${folder}/cgroup.procs && exec "$0" -e "$1"`,
      process.execPath,
      script,
    ]);
    await watch.first("exit", (record) => record.task.pid === pid);
    watch.source.recorded.remove(group);
    const kinds = watch.records
      .filter((one) => one.task.pid === pid && one.forRecorder === true)
      .map((one) => one.kind);
    assert.deepEqual([kinds.includes("bind"), kinds.includes("listen")], [true, true]);
  });

  test("one container has a budget of its own for it: what is above is counted, is no loss, and nobody is named for it", async () => {
    const [folder = ""] = groups.folders;
    const group = { cgroupId: idOf(folder), cgroupVersion: 2 } as const;
    watch.source.recorded.add(group);
    const parts = ["unrecorded", "throttled", "ring_full"] as const;
    const before = parts.map((part) => watch.count("open", part));
    const many = Array.from({ length: 6_000 }, () => `w ${file()}`);
    const came = await did(folder, many);
    const [unrecorded = 0, throttled, full] = parts.map((part, i) => watch.count("open", part) - (before[i] ?? 0));
    watch.source.recorded.remove(group);
    assert.deepEqual([throttled, full], [0, 0]);
    assert.ok(came.length >= 2_000 && unrecorded > 0, `${came.length} came`);
    assert.equal(came.length + unrecorded, many.length);
    assert.ok(!watch.source.throttled().some((one) => one.cgroupIdV2 === group.cgroupId));
  });

  test("the account of each kind adds up", () => {
    for (const kind of ["open", "connect", "send", "bind", "listen"]) {
      const open = (): number => {
        const counters = watch.source.counters().filter((one) => one.class === kind);
        const countOf = (reason: string) => counters.find((one) => one.reason === reason)?.value ?? 0;
        return countOf("attempted") - countedParts.reduce((sum, part) => sum + countOf(part), 0);
      };
      // What others on this machine do meanwhile may be counted by half.
      const looks = Array.from({ length: 50 }, open);
      assert.ok(looks.includes(0), `${kind}: ${looks.join(" ")}`);
    }
  });
});
