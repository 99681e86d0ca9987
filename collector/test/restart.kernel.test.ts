import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { ProcessEvent } from "@atalaya/wire";
import { skipUnless } from "../../tools/testing/needs.ts";
import { buildCollector } from "../build.mjs";
import { removePins } from "../src/remove-pins.ts";
import { CollectorProcess, PinPlace, startStream } from "./collector-process.ts";
import { root } from "./kernel-watch.ts";
import { assertAllOnce, assertExact, type Reported, StandInPublisher } from "./stand-in-publisher.ts";

const kills = 10;

const numbersOf = (execs: readonly ProcessEvent[]) => execs.map((event) => Number(event.argv?.[2]));
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
describe("a collector that is killed", { skip: skipUnless("kernel") }, () => {
  const place = new PinPlace();
  const socket = join(place.folder, "collector.sock");
  let publisher: StandInPublisher;
  let collector: CollectorProcess;
  const start = async (more: string[] = []) => {
    collector = new CollectorProcess(socket, ["--pin", place.pin, ...more]);
    assert.equal((await collector.ready).type, "ready");
  };

  before(async () => {
    await buildCollector({ root, log: () => undefined });
    publisher = await StandInPublisher.listen(socket, 30);
    await start();
  });
  after(async () => {
    await collector?.end("SIGKILL");
    await publisher?.close();
    place.remove();
  });

  /** Ends the collector in peace: its last report speaks of all that it handed on. Starts the next one. */
  async function lastReport(): Promise<Reported> {
    assert.equal(await collector.end("SIGTERM"), 0);
    const last = publisher.reports.at(-1);
    assert.ok(last !== undefined);
    await start();
    return last;
  }

  test(`${kills} times in a stream of programs: each arrives once, and the account balances to the event`, {
    timeout: 180_000,
  }, async () => {
    const runFile = join(place.folder, "run");
    const count = startStream("stream", runFile);
    const { report: first } = await publisher.nextReport();
    for (let kill = 0; kill < kills; kill++) {
      await pause(Math.random() * 500);
      await collector.end("SIGKILL");
      await start();
    }
    const from = publisher.reports.length;
    await publisher.until("a report after the last start", () => publisher.reports.length > from);
    rmSync(runFile);
    const wanted = await count;
    const arrived = () => publisher.execs.get("stream") ?? [];
    await publisher.until("the last program", () => arrived().at(-1)?.argv?.[2] === `${wanted}`, 60_000);
    const last = await lastReport();
    assertAllOnce(arrived(), wanted, last);
    assert.equal(publisher.duplicates, 0);
    assert.deepEqual(publisher.problems, []);
    assert.ok(wanted > 1_000, `${wanted} programs`);
    assertExact(last);
    assert.deepEqual([last.report.adopted, last.report.gap_us, last.report.epoch], [true, 0, first.epoch]);
  });

  test("a second of 500 programs while no collector runs: the next one hands on all of them, named and in order", {
    timeout: 60_000,
  }, async () => {
    await collector.end("SIGKILL");
    const loop = "for i in $(seq 500); do /bin/true meanwhile $i; done";
    const shell = spawn("sh", ["-c", loop], { stdio: "ignore" });
    await once(shell, "exit");
    await start();
    await publisher.until("all of them", () => publisher.execs.get("meanwhile")?.length === 500);
    const execs = publisher.execs.get("meanwhile") ?? [];
    assert.deepEqual(numbersOf(execs), upTo(500));
    for (const event of execs) {
      assert.match(event.exe_path ?? "", /\/true$/);
      assert.equal(event.ancestor_pids?.[0], shell.pid);
      assert.match(event.ancestor_cmdlines?.[0] ?? "", /seq 500/, "the shell has ended, and is known by its own exec");
    }
    assertExact(await lastReport());
    assert.equal(publisher.duplicates, 0);
  });

  test("a second collector on the same pins is refused and says why; the first goes on", {
    timeout: 30_000,
  }, async () => {
    const second = new CollectorProcess(join(place.folder, "nobody.sock"), ["--pin", place.pin]);
    const said = await second.ready;
    assert.ok(said.type === "failed" && said.code === "SENSOR_UNAVAILABLE");
    assert.match(said.message, /Another collector is at work on .*sensor/);
    assert.equal(await second.end("SIGTERM"), 1);
    await publisher.nextReport();
  });

  test("SIGTERM leaves the watch for the next one, --unpin-at-end ends it, and so does uninstall after a kill", {
    timeout: 60_000,
  }, async () => {
    assert.equal(removePins(place.pin, false).refused?.includes("a collector runs on it"), true);
    assert.equal(await collector.end("SIGTERM"), 0);
    assert.equal(place.sets.length, 1);
    await start(["--unpin-at-end"]);
    assert.equal((await publisher.nextReport()).report.adopted, true);
    assert.equal(await collector.end("SIGTERM"), 0);
    assert.deepEqual(place.sets, []);
    await start(["--unpin-at-end"]);
    await collector.end("SIGKILL");
    assert.equal(place.sets.length, 1);
    const removed = removePins(place.pin, false);
    assert.equal(removed.refused, undefined);
    assert.ok(removed.programs.includes("process_exec") && removed.maps.includes("lifecycle"));
    assert.deepEqual(removePins(place.pin, false), { folder: place.pin, programs: [], maps: [] });
  });
});
