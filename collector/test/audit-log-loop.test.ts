import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { MessageChannel } from "node:worker_threads";
import { type AuditLogState, ledgerRows } from "@atalaya/wire";
import { AuditLogLoop } from "../src/audit-log/audit-log-loop.ts";
import type { FromAuditThread } from "../src/audit-log/audit-log-messages.ts";
import { keptCounters } from "../src/audit-log/kept-account.ts";
import type { Counter } from "../src/kernel-record.ts";
import { AuditLogWriter, auditLine } from "./audit-log-writer.ts";
import { StandInPublisher } from "./stand-in-publisher.ts";

const bootId = "00".repeat(16);

async function place(t: TestContext, ackDelayMs = 0) {
  const folder = mkdtempSync(join(tmpdir(), "atalaya-audit-log-"));
  const socket = join(folder, "collector.sock");
  let publisher = await StandInPublisher.listen(socket, ackDelayMs);
  t.after(async () => {
    await publisher.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const log = new AuditLogWriter(join(folder, "logs", "audit.log"));
  const stateFolder = join(folder, "state");
  const start = (epoch = "e") =>
    new RunningLoop({ path: log.path, stateFolder, socket, node: "n", cluster: "c", bootId, epoch });
  return {
    folder,
    socket,
    log,
    stateFolder,
    start,
    get publisher() {
      return publisher;
    },
    async otherPublisher() {
      await publisher.close();
      publisher = await StandInPublisher.listen(socket);
      return publisher;
    },
  };
}

/** The loop behind a real port, in this thread. */
class RunningLoop {
  readonly #channel = new MessageChannel();
  readonly lines: string[] = [];
  counters: Counter[] = [];
  state: AuditLogState = "starting";
  readonly #stopped: Promise<void>;
  #told: (() => void)[] = [];

  constructor(options: ConstructorParameters<typeof AuditLogLoop>[0]) {
    const { port1, port2 } = this.#channel;
    this.#stopped = new Promise((resolve) => {
      port1.on("message", (message: FromAuditThread) => {
        if (message.type === "log") this.lines.push(message.line);
        else if (message.type === "counters") {
          this.counters = message.counters;
          this.state = message.state;
        } else resolve();
        for (const tell of this.#told.splice(0)) tell();
      });
    });
    new AuditLogLoop(options, port2);
  }

  async until(what: string, condition: (loop: this) => boolean): Promise<void> {
    const timer = AbortSignal.timeout(20_000);
    while (!condition(this)) {
      if (timer.aborted) throw new Error(`not in time: ${what}; ${JSON.stringify(this.counters)}`);
      await new Promise<void>((resolve) => this.#told.push(resolve));
    }
  }

  value(reason: string): number {
    return this.counters.find((one) => one.reason === reason)?.value ?? 0;
  }

  async stop(): Promise<void> {
    this.#channel.port1.postMessage({ type: "stop" });
    await this.#stopped;
    this.#channel.port1.close();
  }
}

function assertBalanced(counters: readonly Counter[]): void {
  for (const row of ledgerRows("collector", counters)) assert.equal(row.difference, 0, JSON.stringify(row));
}

test("what is written after the start is handed on once and in order, over rotations and a stop between", async (t) => {
  const at = await place(t);
  at.log.write(3);
  const old = at.log.ids.length;
  const first = at.start();
  at.log.write(500);
  at.log.rotate();
  at.log.write(500);
  await at.publisher.until("two files", () => at.publisher.audited.length === 1_000);
  await first.stop();
  assert.equal(first.value("handed_on"), 1_000);
  at.log.write(200);
  at.log.rotate();
  at.log.write(200);
  const second = at.start();
  await at.publisher.until("what came meanwhile", () => at.publisher.audited.length === 1_400);
  await second.stop();
  assert.deepEqual(at.publisher.audited, at.log.ids.slice(old));
  assert.equal(second.value("handed_on"), 1_400);
  assert.equal(second.value("read"), 1_400);
  assertBalanced(second.counters);
});

test("each line that is no event is counted under its name, and a file that vanished is told of", async (t) => {
  const at = await place(t);
  const loop = at.start();
  const half = auditLine("half").slice(0, -30);
  at.log.write(1);
  appendFileSync(at.log.path, "no record\n");
  appendFileSync(at.log.path, auditLine("early", { stage: "RequestReceived" }));
  appendFileSync(at.log.path, half + auditLine("after"));
  await loop.until("the lines' account", (one) => one.value("read") === 5);
  const counts = ["handed_on", "undecodable", "stage_skipped", "torn"].map((reason) => loop.value(reason));
  assert.deepEqual(counts, [2, 1, 1, 1]);
  assertBalanced(loop.counters);
  await loop.stop();
  assert.deepEqual(at.publisher.audited, ["request-1", "after"]);
  at.log.write(10);
  rmSync(at.log.path);
  writeFileSync(at.log.path, "");
  at.log.write(5);
  const next = at.start();
  await next.until("the file that is gone", (one) => one.value("vanished") === 1);
  await at.publisher.until("the rest", () => at.publisher.audited.length === 7);
  await next.until("its account", (one) => one.value("handed_on") === 7);
  assertBalanced(next.counters);
  assert.match(next.lines.join("\n"), /gone before they were read/);
  await next.stop();
});

test("how the reading is: it waits for a publisher, reads, has no file any more, and reads the next one", async (t) => {
  const at = await place(t);
  await at.publisher.close();
  at.log.write(1);
  const loop = at.start();
  await loop.until("no publisher", (one) => one.state === "waiting");
  await at.otherPublisher();
  await loop.until("a file", (one) => one.state === "read");
  // It is open still, and nobody writes to it any more.
  rmSync(at.log.path);
  await loop.until("no file", (one) => one.state === "absent");
  at.log.write(1);
  await loop.until("another file", (one) => one.state === "read");
  await loop.stop();
});

test("records of which a client made something too long are counted beside the account, again read or not", async (t) => {
  const at = await place(t);
  const loop = at.start();
  at.log.write(2);
  appendFileSync(at.log.path, auditLine("long", { userAgent: "a".repeat(100_000) }));
  appendFileSync(at.log.path, auditLine("deep", { requestObject: { metadata: { name: "b".repeat(20_000) } } }));
  await loop.until("four records", (one) => one.value("handed_on") === 4);
  assert.deepEqual([loop.value("cut"), loop.value("read"), loop.value("pending")], [2, 4, 0]);
  assertBalanced(loop.counters);
  await loop.stop();
  assert.equal(keptCounters(at.stateFolder, "e").find((one) => one.reason === "cut")?.value, 2);
});

test("while no publisher answers nothing is read, and what was sent before its end comes to the next once", async (t) => {
  const at = await place(t);
  await at.publisher.close();
  const loop = at.start();
  at.log.write(100);
  const publisher = await at.otherPublisher();
  await publisher.until("all of it", () => publisher.audited.length === 100);
  await loop.stop();
  assert.deepEqual(publisher.audited, at.log.ids);
});

test("a new epoch of the sensor counts from the start, and what is kept of another is not told under it", async (t) => {
  const at = await place(t);
  const first = at.start("one");
  at.log.write(10);
  await at.publisher.until("ten", () => at.publisher.audited.length === 10);
  await first.stop();
  assert.equal(keptCounters(at.stateFolder, "one").find((one) => one.reason === "handed_on")?.value, 10);
  assert.deepEqual(keptCounters(at.stateFolder, "two"), []);
  const second = at.start("two");
  at.log.write(7);
  await at.publisher.until("seven more", () => at.publisher.audited.length === 17);
  await second.stop();
  assert.equal(second.value("handed_on"), 7);
  assert.equal(at.publisher.duplicates, 0);
});

test("a place that cannot be understood is counted, and reading begins behind what is there", async (t) => {
  const at = await place(t);
  const first = at.start();
  at.log.write(5);
  await at.publisher.until("five", () => at.publisher.audited.length === 5);
  await first.stop();
  writeFileSync(join(at.stateFolder, "audit-log.json"), "{");
  const second = at.start();
  at.log.write(5);
  await at.publisher.until("ten", () => at.publisher.audited.length === 10);
  await second.stop();
  assert.deepEqual(at.publisher.audited, at.log.ids);
  assert.equal(second.value("account_unreadable"), 1);
});
