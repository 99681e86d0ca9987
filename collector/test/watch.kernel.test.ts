import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { emptyFilterPlan } from "@atalaya/wire";
import { skipUnless } from "../../tools/testing/needs.ts";
import { buildCollector } from "../build.mjs";
import { deedOf } from "../src/call-target.ts";
import { pinnedSets } from "../src/kernel/bpffs.ts";
import { openKernel } from "../src/kernel/open-kernel.ts";
import type { KernelRecord, WatchRecord } from "../src/kernel-record.ts";
import type { OpenedKernel } from "../src/kernel-source.ts";
import { PinPlace } from "./collector-process.ts";
import { objectFolder, root } from "./kernel-watch.ts";
import { drainAll } from "./left-pinned.ts";

const isOfSensor = (record: KernelRecord): record is WatchRecord =>
  record.kind === "sensor_signal" || record.kind === "sensor_bpf";

describe("hands on the sensor", { skip: skipUnless("kernel") }, () => {
  const place = new PinPlace();
  let source: OpenedKernel;
  let set: string;
  /** Stands for a part of the sensor. */
  let part: ChildProcess;
  const plan = { ...emptyFilterPlan, version: 1, calls: ["sensor_signal", "sensor_bpf"] };

  before(async () => {
    await buildCollector({ root, log: () => undefined });
    source = openKernel({ objectFolder, pinFolder: place.pin, ignorePids: [process.pid] });
    source.setFilterPlan(plan);
    set = join(place.pin, pinnedSets(place.pin)[0] ?? "");
    part = spawn("sleep", ["1000"], { stdio: "ignore" });
    source.nameOwnTask("publisher", part.pid ?? 0);
    const text = join(root, "collector", "test", "programs", "touches.c");
    execFileSync("gcc", ["-O2", "-Wall", "-Werror", text, "-o", join(place.folder, "touches")]);
  });
  after(() => {
    part.kill("SIGKILL");
    source.close();
    place.remove();
  });

  /** What was told of what a program did, run to its end. */
  function told(file: string, ...args: string[]) {
    drainAll(source);
    const { pid, status } = spawnSync(file, args);
    const records = drainAll(source)
      .filter(isOfSensor)
      .filter(({ task }) => task.pid === pid);
    return { status, deeds: records.map((one) => [one.kind, deedOf(one), one.target, one.error]), records };
  }
  const touches = (what: string, path: string) => told(join(place.folder, "touches"), what, join(set, path));

  test("a signal to a part of the sensor is told, with its process and who sent it", () => {
    for (const signal of ["CONT", "WINCH"]) {
      const { records, deeds } = told("/bin/kill", "-s", signal, String(part.pid));
      assert.deepEqual(deeds, [["sensor_signal", `SIG${signal}`, "publisher", 0]]);
      assert.deepEqual(
        [records[0]?.targetPid, records[0]?.task.comm, records[0]?.ring],
        [part.pid, "kill", "lifecycle"],
      );
    }
  });

  test("a signal to all that a process group holds is told, too", () => {
    const own = spawn("sleep", ["1000"], { stdio: "ignore", detached: true });
    source.nameOwnTask("collector", own.pid ?? 0);
    assert.deepEqual(told("/bin/kill", "-s", "KILL", "--", `-${own.pid}`).deeds, [
      ["sensor_signal", "SIGKILL", "collector", 0],
    ]);
  });

  test("the question whether it is there, a signal to another process and one by whoever started it are not told", () => {
    assert.deepEqual(told("/bin/kill", "-0", String(part.pid)).deeds, []);
    const other = spawn("sleep", ["1000"], { stdio: "ignore" });
    assert.deepEqual(told("/bin/kill", "-s", "KILL", String(other.pid)).deeds, []);
    drainAll(source);
    part.kill("SIGCONT");
    assert.deepEqual(drainAll(source).filter(isOfSensor), []);
  });

  test("who gets the number of a part that is gone is none of the sensor", () => {
    const other = spawn("sleep", ["1000"], { stdio: "ignore" });
    source.nameOwnTask("collector", other.pid ?? 0);
    source.nameOwnTask("collector", 2 ** 22 + 1);
    assert.deepEqual(told("/bin/kill", "-s", "KILL", String(other.pid)).deeds, []);
  });

  for (const [what, path, deeds] of [
    ["open", "maps/settings", [["BPF_OBJ_GET", "map settings", 0]]],
    [
      "map-by-id",
      "maps/names",
      [
        ["BPF_OBJ_GET", "map names", 0],
        ["BPF_MAP_GET_FD_BY_ID", "map names", 0],
      ],
    ],
    [
      "link-by-id",
      "links/process_exec",
      [
        ["BPF_OBJ_GET", "link process_exec", 0],
        ["BPF_LINK_GET_FD_BY_ID", "link process_exec", 0],
      ],
    ],
    [
      "update",
      "maps/ports",
      [
        ["BPF_OBJ_GET", "map ports", 0],
        ["BPF_MAP_UPDATE_ELEM", "map ports", 0],
      ],
    ],
    [
      "batch",
      "maps/ports",
      [
        ["BPF_OBJ_GET", "map ports", 0],
        ["BPF_MAP_UPDATE_BATCH", "map ports", 0],
      ],
    ],
  ] as const) {
    test(`bpf(2) on the sensor's own (${what} ${path}) is told, with its name`, () => {
      const { status, deeds: found } = touches(what, path);
      assert.equal(status, 0);
      assert.deepEqual(
        found,
        deeds.map((deed) => ["sensor_bpf", ...deed]),
      );
    });
  }

  test("a change that the kernel refuses is told with its error", () => {
    const { status, deeds } = touches("detach", "links/process_exec");
    assert.equal(status, 1);
    assert.deepEqual(deeds.at(-1)?.slice(0, 3), ["sensor_bpf", "BPF_LINK_DETACH", "link process_exec"]);
    assert.ok(Number(deeds.at(-1)?.[3]) < 0);
  });

  test("what others do to maps of their own is not told", () => {
    assert.deepEqual(
      told(
        "bpftool",
        "map",
        "create",
        join(place.bpffs, "own"),
        "type",
        "array",
        "key",
        "4",
        "value",
        "4",
        "entries",
        "1",
        "name",
        "own",
      ).deeds,
      [],
    );
    assert.deepEqual(told(join(place.folder, "touches"), "map-by-id", join(place.bpffs, "own")).deeds, []);
  });

  test("what nobody asks for stays in the kernel", () => {
    source.setFilterPlan({ ...plan, calls: ["sensor_signal"] });
    assert.deepEqual(touches("open", "maps/settings").deeds, []);
    source.setFilterPlan(plan);
    assert.equal(touches("open", "maps/settings").deeds.length, 1);
  });
});
