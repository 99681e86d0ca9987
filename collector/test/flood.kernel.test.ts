// A sensor as it runs, under a flood that one control group makes, while another does what is to be seen.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { getPriority, setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type AtalayaEvent, emptyFilterPlan } from "@atalaya/wire";
import { skipUnless } from "../../tools/testing/needs.ts";
import { buildCollector } from "../build.mjs";
import { openKernel } from "../src/kernel/open-kernel.ts";
import type { OpenedKernel } from "../src/kernel-source.ts";
import type { Outlet } from "../src/outlet.ts";
import { Pipeline } from "../src/pipeline.ts";
import { objectFolder, root } from "./kernel-watch.ts";
import { OwnGroups } from "./own-groups.ts";

/** From a deed to its event: an alert is to be there within a second (docs/reliability.md). */
const deadlineMs = 1_000;
const floodMs = 5_000;
/** The sensor has its share of the processor, as its pod's request gives it; who floods is what programs are. */
const sensorPriority = -15;
const lifecycleKinds = ["exec", "exec_failed", "fork", "exit"];

type Seen = { event: AtalayaEvent; atMs: number };

/** Keeps the events that are asked for: of a flood there are too many. */
class Kept implements Outlet {
  readonly seen: Seen[] = [];
  readonly #isKept: (event: AtalayaEvent) => boolean;

  constructor(isKept: (event: AtalayaEvent) => boolean) {
    this.#isKept = isKept;
  }

  add(event: AtalayaEvent): boolean {
    if (this.#isKept(event)) this.seen.push({ event, atMs: Date.now() });
    return true;
  }

  record(): boolean {
    return false;
  }

  ranBefore(): void {}

  setWorkspace(): void {}

  setRecorder(): void {}

  flush() {
    return { parcels: 1, bytes: 1 };
  }
}

describe("a flood", { skip: skipUnless("kernel") }, () => {
  let source: OpenedKernel;
  let groups: OwnGroups;
  let pipeline: Pipeline;
  let parcels = 0;
  const folder = mkdtempSync(join(tmpdir(), "atalaya-flood-"));
  const program = join(folder, "flood");
  const outlet = new Kept((event) => {
    const isOf = (text: string | null | undefined) => text?.includes(`${folder}/deed`) === true;
    return event.class === "file" ? isOf(event.path) : event.class === "process" && isOf(event.argv?.join(" "));
  });

  /** One turn of the sensor; true where there was something. */
  function turn(): boolean {
    const found = pipeline.tick();
    pipeline.acknowledged(++parcels);
    return found;
  }
  const drain = () => {
    while (turn()) {
      // A ring may hold more than one drain takes.
    }
  };
  const report = () => {
    pipeline.report();
    pipeline.acknowledged(++parcels);
  };
  const counter = (name: string, reason: string) =>
    source.counters().find((one) => one.class === name && one.reason === reason)?.value ?? 0;
  const lifeLost = () => lifecycleKinds.reduce((sum, kind) => sum + counter(kind, "ring_full"), 0);

  /** Runs it in the group; gives what it printed. */
  function run(group: string, ...command: string[]): Promise<number> {
    const [file = "", ...args] = OwnGroups.within(group, command);
    const child = spawn("nice", ["-n", String(-sensorPriority), file, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString("utf8");
    });
    return new Promise((resolve) => child.once("exit", () => resolve(Number(text))));
  }

  const priority = getPriority();
  before(async () => {
    setPriority(sensorPriority);
    await buildCollector({ root, log: () => undefined });
    const text = join(root, "collector", "test", "programs", "flood.c");
    execFileSync("gcc", ["-O2", "-Wall", "-Werror", "-D_GNU_SOURCE", "-static", text, "-o", program]);
    for (const name of ["flooded", "deed"]) writeFileSync(join(folder, name), "");
    groups = new OwnGroups("atalaya-flood", 2);
    source = openKernel({ objectFolder, ignorePids: [process.pid] });
    pipeline = new Pipeline(source, outlet, { node: "n", bootId: "b", version: "1", kernel: "6" });
    pipeline.applyFilters({ ...emptyFilterPlan, version: 1, open_names: ["flooded", "deed"] });
  });
  after(() => {
    setPriority(priority);
    source.close();
    groups.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  test("of opens and programs in one group leaves the deeds of another seen in time, and is counted and named", async (t) => {
    const [a = "", b = ""] = groups.folders;
    report();
    const floods = Promise.all([
      run(a, program, "opens", String(floodMs), join(folder, "flooded")),
      run(a, program, "spawns", String(floodMs), "2000", "/bin/true"),
    ]);
    const deeds = 8;
    const script = `i=0; while [ $i -lt ${deeds} ]; do sleep 0.5; /bin/cat ${folder}/deed; i=$((i+1)); done`;
    const all = Promise.all([floods, run(b, "/bin/sh", "-c", script)]);
    let isRunning = true;
    void all.then(() => {
      isRunning = false;
    });
    for (let turns = 0; isRunning; turns++) {
      turn();
      if (turns % 100 === 99) report();
      await sleep(5);
    }
    const [[opened, spawned]] = await all;
    await sleep(100);
    drain();
    report();
    const reached = [opened, spawned].map((count) => Math.round(count / (floodMs / 1e3)));
    t.diagnostic(`${reached[0]} opens/s, ${reached[1]} spawns/s`);
    assert.ok(opened > 20_000 && spawned > 100, "it was a flood");
    const late = outlet.seen.flatMap(({ event, atMs }) => {
      const isDeed = event.class === "process" ? event.argv?.[0] === "/bin/cat" : event.class === "file";
      return isDeed && event.class !== "sensor" ? [atMs - (event.time_us ?? 0) / 1e3] : [];
    });
    assert.equal(late.filter((ms) => ms < deadlineMs).length, late.length, `seen after ${Math.max(...late)} ms`);
    // Of each its program, its end and the file that it opened.
    assert.ok(late.length >= 2 * deeds, `${late.length} events of ${deeds} deeds`);
    t.diagnostic(`${late.length} events of ${deeds} deeds, the last after ${Math.round(Math.max(...late))} ms`);
    const throttled = counter("open", "throttled");
    t.diagnostic(
      `${throttled} opens throttled, ${counter("open", "ring_full")} to a full ring, ${lifeLost()} of lives`,
    );
    assert.ok(throttled > 0);
    for (const kind of [...lifecycleKinds, "open"]) assertBalanced(kind);
    const named = pipeline.sensorReport().throttled ?? [];
    assert.match(named[0]?.where ?? "", /atalaya-flood-\d+-0$/);
    assert.equal(named[0]?.class, "file");
    assert.equal(named[0]?.value, throttled);
    assert.ok(named.every(({ where }) => !where.endsWith("-1")));
  });

  function assertBalanced(kind: string): void {
    const of = (reason: string) => counter(kind, reason);
    const parts = ["submitted", "ring_full", "filtered", "scratch_busy", "unread", "throttled"].map(of);
    const open = of("attempted") - parts.reduce((sum, one) => sum + one, 0);
    // Others on this machine go on while we read.
    assert.ok(Math.abs(open) <= 8, `${kind}: ${open} of ${of("attempted")} are not accounted for (${parts})`);
  }

  test("that fills the ring of processes' lives leaves a table that is put right", { timeout: 60_000 }, async (t) => {
    const [a = "", b = ""] = groups.folders;
    const lost = lifeLost();
    // Nobody looks meanwhile.
    for (let i = 0; i < 20 && lifeLost() === lost; i++) await run(a, program, "spawns", "2000", "0", "/bin/true");
    assert.ok(lifeLost() > lost, "the ring was full");
    const script = `read x; : < ${folder}/deed; read x; : < ${folder}/deed`;
    const [file = "", ...args] = OwnGroups.within(b, ["/bin/sh", "-c", script]);
    const shell = spawn(file, args, { stdio: ["pipe", "ignore", "inherit"] });
    await sleep(200);
    const opens = () =>
      outlet.seen.flatMap(({ event }) => (event.class === "file" && event.pid === shell.pid ? [event] : []));
    const opensOnce = async (times: number) => {
      shell.stdin.write("go\n");
      for (let i = 0; i < 200 && opens().length < times; i++) {
        turn();
        await sleep(10);
      }
      assert.equal(opens().length, times);
    };
    drain();
    await opensOnce(1);
    assert.doesNotMatch(opens()[0]?.exe_path ?? "", /sh$/, "its program was lost");
    report();
    drain();
    await opensOnce(2);
    const healed = opens()[1];
    assert.match(healed?.exe_path ?? "", /sh$/);
    assert.deepEqual(healed?.argv, ["/bin/sh", "-c", script]);
    const wrong = pipeline.sensorReport().counters.find((one) => one.reason === "table_healed")?.value ?? 0;
    t.diagnostic(`${lifeLost() - lost} records of lives lost, ${wrong} processes put right`);
    assert.ok(wrong >= 1);
    shell.stdin.end();
  });
});
