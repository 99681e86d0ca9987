import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { ledgerRows } from "@atalaya/wire";
import { until } from "../../simulator/src/until.ts";
import { skipUnless } from "../../tools/testing/needs.ts";
import { buildCollector } from "../build.mjs";
import { AuditLogWriter } from "./audit-log-writer.ts";
import { CollectorProcess, PinPlace } from "./collector-process.ts";
import { root } from "./kernel-watch.ts";
import { StandInPublisher } from "./stand-in-publisher.ts";

describe("the collector beside an API server", { skip: skipUnless("kernel") }, () => {
  before(() => buildCollector({ root, log: () => undefined }));

  test("killed again and again while records come and the log rotates, it loses none and doubles none", async (t) => {
    const place = new PinPlace();
    let writing = true;
    let collector: CollectorProcess | undefined;
    const socket = join(place.folder, "collector.sock");
    const publisher = await StandInPublisher.listen(socket, 30);
    t.after(async () => {
      writing = false;
      await collector?.end("SIGKILL");
      await publisher.close();
      place.remove();
    });
    const log = new AuditLogWriter(join(place.folder, "audit.log"));
    const args = ["--pin", place.pin, "--state", join(place.folder, "state"), "--audit-log", log.path];
    collector = new CollectorProcess(socket, args);
    await collector.ready;
    // From here on what is written is read: before, it counts as what was there.
    await until("the audit log's place", () => existsSync(join(place.folder, "state", "audit-log.json")), 20_000);
    const writer = (async () => {
      for (let round = 1; writing; round++) {
        log.write(40);
        if (round % 25 === 0) log.rotate();
        await pause(10);
      }
    })();
    for (let kill = 0; kill < 4; kill++) {
      const before = publisher.audited.length;
      await publisher.until("records on their way", () => publisher.audited.length > before + 200);
      await pause(50 + Math.random() * 200);
      await collector.end("SIGKILL");
      collector = new CollectorProcess(socket, args);
      await collector.ready;
    }
    writing = false;
    await writer;
    await publisher.until("all records", () => publisher.audited.length >= log.ids.length, 15_000).catch(() => {});
    await collector.end("SIGTERM");
    assert.deepEqual(publisher.audited, log.ids);
    assert.equal(publisher.duplicates, 0);
    assert.equal(publisher.reports.at(-1)?.report.audit_log?.state, "read");
    const last = publisher.reports.at(-1)?.report.counters ?? [];
    const own = last.filter((one) => one.class === "api");
    assert.equal(own.find((one) => one.reason === "handed_on")?.value, log.ids.length);
    for (const row of ledgerRows("collector", own)) assert.equal(row.difference, 0, JSON.stringify(row));
    const told = publisher.reports.map(
      ({ report }) => report.counters.find((one) => one.class === "api" && one.reason === "handed_on")?.value ?? 0,
    );
    assert.deepEqual(
      told,
      [...told].sort((a, b) => a - b),
      "no count goes back",
    );
  });
});
