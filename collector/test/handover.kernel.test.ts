import assert from "node:assert/strict";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { emptyFilterPlan, encodeMessage, messageKinds } from "@atalaya/wire";
import { skipUnless } from "../../tools/testing/needs.ts";
import { buildCollector } from "../build.mjs";
import { CollectorProcess, PinPlace, startStream } from "./collector-process.ts";
import { objectFolder, root } from "./kernel-watch.ts";
import { assertAllOnce, assertExact, StandInPublisher } from "./stand-in-publisher.ts";

describe("an upgrade that changes the kernel side", { skip: skipUnless("kernel") }, () => {
  const place = new PinPlace();
  const socket = join(place.folder, "collector.sock");
  const next = join(place.folder, "next-build");
  let publisher: StandInPublisher;
  let collector: CollectorProcess | undefined;

  before(async () => {
    await buildCollector({ root, log: () => undefined });
    cpSync(objectFolder, next, { recursive: true });
    writeFileSync(join(next, "sources.sha256"), "f".repeat(64));
    publisher = await StandInPublisher.listen(socket, 30);
    const plan = {
      ...emptyFilterPlan,
      version: 1,
      open_names: ["watched"],
      write_prefixes: [],
      exec_names: [],
      dns_domains: [],
    };
    publisher.greetings.push(encodeMessage(messageKinds.filters, Buffer.from(JSON.stringify(plan))));
  });
  after(async () => {
    await collector?.end("SIGKILL");
    await publisher?.close();
    place.remove();
  });

  async function start(objects: string): Promise<void> {
    collector = new CollectorProcess(socket, ["--pin", place.pin], objects);
    assert.equal((await collector.ready).type, "ready");
  }

  test("in a stream of programs each arrives once: both sets watch for a while, twins are dropped, figures go on", {
    timeout: 120_000,
  }, async () => {
    await start(objectFolder);
    const runFile = join(place.folder, "run");
    const { report: first } = await publisher.nextReport();
    const count = startStream("upgrade", runFile);
    const arrived = () => publisher.execs.get("upgrade")?.length ?? 0;
    await publisher.until("some programs", () => arrived() > 200);
    await collector?.end("SIGTERM");
    const from = publisher.reports.length;
    await start(next);
    const isOver = () => publisher.reports.slice(from).some(({ report }) => twinsOf(report) > 0);
    await publisher.until("the first twins", isOver);
    const [before] = [arrived()];
    await publisher.until("some more programs", () => arrived() > before + 200);
    rmSync(runFile);
    const wanted = await count;
    await publisher.until("the last program", () => publisher.execs.get("upgrade")?.at(-1)?.argv?.[2] === `${wanted}`);
    assert.equal(await collector?.end("SIGTERM"), 0);
    const last = publisher.reports.at(-1);
    assert.ok(last !== undefined);
    assertAllOnce(publisher.execs.get("upgrade") ?? [], wanted, last);
    assert.equal(publisher.duplicates, 0);
    assertExact(last);
    assert.equal(last.report.epoch, first.epoch);
    assert.equal(last.report.adopted, false);
    assert.equal(place.sets.length, 1);
    // No figure goes back, from report to report.
    const seen = new Map<string, number>();
    for (const { report } of publisher.reports) {
      for (const { class: of, reason, value } of report.counters) {
        if (reason === "pending") continue;
        const key = `${of} ${reason}`;
        assert.ok(value >= (seen.get(key) ?? 0), `${key} went back from ${seen.get(key)} to ${value}`);
        seen.set(key, value);
      }
    }
  });
});

function twinsOf(report: { counters: readonly { reason: string; value: number }[] }): number {
  return report.counters.filter((one) => one.reason === "deduplicated").reduce((sum, one) => sum + one.value, 0);
}
