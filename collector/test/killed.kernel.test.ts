import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { emptyFilterPlan, encodeMessage, type KernelEvent, messageKinds } from "@atalaya/wire";
import { skipUnless } from "../../tools/testing/needs.ts";
import { buildCollector } from "../build.mjs";
import { CollectorProcess, PinPlace } from "./collector-process.ts";
import { root } from "./kernel-watch.ts";
import { StandInPublisher } from "./stand-in-publisher.ts";

const plan = { ...emptyFilterPlan, version: 1, calls: ["sensor_signal", "sensor_bpf"] };

describe("a collector that somebody kills", { skip: skipUnless("kernel") }, () => {
  const place = new PinPlace();
  const socket = join(place.folder, "collector.sock");
  const told: KernelEvent[] = [];
  let publisher: StandInPublisher;
  let collector: CollectorProcess;
  const start = async () => {
    const from = publisher.reports.length;
    collector = new CollectorProcess(socket, ["--pin", place.pin]);
    assert.equal((await collector.ready).type, "ready");
    const isInForce = () => publisher.reports.slice(from).some(({ report }) => report.filters_version === plan.version);
    await publisher.until("the plan is in force", isInForce);
  };

  before(async () => {
    await buildCollector({ root, log: () => undefined });
    publisher = await StandInPublisher.listen(socket);
    publisher.greetings.push(encodeMessage(messageKinds.filters, Buffer.from(JSON.stringify(plan))));
    publisher.onEvent = (event) => {
      if (event.class === "kernel" && event.target_object !== null) told.push(event);
    };
    await start();
  });
  after(async () => {
    await collector?.end("SIGKILL");
    await publisher?.close();
    place.remove();
  });

  test("is told of by the next one: the signal, and who sent it; that the next takes over is nobody's news", async () => {
    const { pid } = collector;
    const killer = spawnSync("/bin/kill", ["-s", "KILL", String(pid)]);
    assert.equal(await collector.ended(), "SIGKILL");
    await start();
    await publisher.until("the signal", () => told.some((event) => event.pid === killer.pid));
    assert.deepEqual(
      told.map((one) => [one.activity, one.target, one.target_object, one.target_pid, one.name, one.argv]),
      [["sensor_signal", "SIGKILL", "collector", pid, "kill", ["/bin/kill", "-s", "KILL", String(pid)]]],
    );
  });

  test("hears of a signal to its publisher, whom it knows by the socket", async () => {
    const from = told.length;
    // The publisher is this process.
    const { pid } = spawnSync("/bin/kill", ["-s", "CONT", String(process.pid)]);
    await publisher.until("the signal", () => told.length > from);
    const event = told.at(-1);
    assert.deepEqual([event?.pid, event?.target, event?.target_object], [pid, "SIGCONT", "publisher"]);
  });
});
