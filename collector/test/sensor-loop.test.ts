import assert from "node:assert/strict";
import { uptime } from "node:os";
import { describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import {
  type AtalayaEvent,
  decodeEvents,
  decodeFrame,
  emptyFilterPlan,
  Fault,
  type FrameHeader,
  sensorReportSchema,
} from "@atalaya/wire";
import { Account } from "../src/account.ts";
import { withHeartbeat } from "../src/heartbeat.ts";
import { collectorLimits } from "../src/limits.ts";
import { runSensor } from "../src/sensor-loop.ts";
import type { FromWorker, ToWorker, WorkerOptions } from "../src/worker-messages.ts";
import { connect, exec, exit, fork, HandMadeSource, open, task } from "./hand-made-records.ts";

const options: WorkerOptions = {
  node: "node-1",
  cluster: "test",
  objectFolder: "/nowhere",
  ignorePids: [],
  lines: null,
  plan: emptyFilterPlan,
  pinFolder: null,
  hooksFunctions: true,
  hostRoot: "",
  containerdTasks: [],
  healthFile: undefined,
  auditStateFolder: null,
  permitFile: undefined,
  state: null,
  notes: [],
};

/** The main thread's side: keeps what came, answers when told. */
class OtherSide {
  readonly source = new HandMadeSource();
  readonly headers: FrameHeader[] = [];
  readonly events: AtalayaEvent[] = [];
  readonly bytes: Buffer[] = [];
  readonly messages: FromWorker[] = [];
  frames = 0;
  text = "";
  readonly #port: MessagePort;
  #listener: () => void = () => {};

  constructor(given: Partial<WorkerOptions> = {}, adopted = false) {
    this.source.adopted = adopted;
    if (adopted) this.source.account = Account.fresh().bytes();
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on("message", (message: FromWorker) => this.#receive(message));
    runSensor(() => this.source, { ...options, ...given }, port2);
  }

  tell(message: ToWorker): void {
    this.#port.postMessage(message);
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 20);
        this.#listener = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async end(): Promise<void> {
    this.tell({ type: "close", unpin: false });
    await this.until(() => this.source.closed);
    this.#port.close();
  }

  #receive(message: FromWorker): void {
    this.messages.push(message);
    if (message.type === "lines") this.text += message.text;
    if (message.type === "frames") {
      for (const bytes of message.frames) {
        this.frames += 1;
        this.bytes.push(Buffer.from(bytes));
        const frame = decodeFrame(Buffer.from(bytes));
        assert.ok(frame.ok);
        this.headers.push(frame.value.header);
        const events = decodeEvents(frame.value.body);
        assert.ok(events.ok);
        assert.equal(events.value.length, frame.value.header.eventCount);
        this.events.push(...events.value);
      }
    }
    this.#listener();
  }
}

const nginx = task({ pid: 100, ppid: 0, comm: "nginx", uid: 0 });
const shell = task({ pid: 101, ppid: 100, parentStartUs: 100_000, comm: "sh" });

describe("the sensor's loop", () => {
  test("records become events in frames of one class and one ring, with their process and its ancestors", {
    timeout: 10_000,
  }, async () => {
    const other = new OtherSide();
    other.source.put(exec(nginx, ["/usr/sbin/nginx"]), fork(shell), exec(shell, ["/bin/sh", "-c", "id"]));
    other.source.put(open(shell, "/etc/shadow"), connect(shell, "169.254.169.254", 80), exit(shell));
    await other.until(() => other.events.some((event) => event.class === "network"));
    const file = other.events.find((event) => event.class === "file");
    assert.ok(file?.class === "file");
    assert.deepEqual(
      [file.path, file.name, file.exe_path, file.container_id],
      ["/etc/shadow", "sh", "/bin/sh", "host"],
    );
    assert.deepEqual(
      [file.argv, file.ancestor_names, file.ancestor_cmdlines],
      [["/bin/sh", "-c", "id"], ["nginx"], ["/usr/sbin/nginx"]],
    );
    const bootedMs = Date.now() - uptime() * 1_000;
    assert.ok(Math.abs((file.time_us ?? 0) / 1_000 - bootedMs) < 5_000, "a second after boot is a second after boot");
    const processFrame = other.headers.find((header) => header.class === "process");
    assert.deepEqual(
      [processFrame?.ring, processFrame?.eventCount, processFrame?.node, processFrame?.cluster],
      [0, 4, "node-1", "test"],
    );
    assert.ok((processFrame?.firstPosition ?? 0) < (processFrame?.lastPosition ?? 0));
    assert.match(processFrame?.bootId ?? "", /^[0-9a-f]{32}$/);
    await other.end();
  });

  test("a ring's space is given back only after the acknowledgement, and in order", { timeout: 10_000 }, async () => {
    const other = new OtherSide();
    await other.until(() => other.frames === 1);
    const record = exec(nginx, ["/usr/sbin/nginx"]);
    other.source.put(record);
    await other.until(() => other.headers.some((header) => header.class === "process"));
    assert.deepEqual(
      other.source.released.filter((one) => one.ring === "lifecycle"),
      [],
    );
    other.tell({ type: "acknowledged", parcels: other.frames });
    await other.until(() => other.source.released.some((one) => one.ring === "lifecycle"));
    assert.deepEqual(other.source.released.at(-1), { ring: "lifecycle", position: record.position + 64 });
    await other.end();
  });

  test("when nothing is acknowledged, draining stops at the window and goes on after it", {
    timeout: 30_000,
  }, async () => {
    const other = new OtherSide();
    const feed = setInterval(() => {
      if (other.source.waiting.lifecycle.length < 10) for (let i = 0; i < 4_000; i++) other.source.put(fork(nginx));
    }, 2);
    await other.until(() => other.source.waiting.lifecycle.length > 0);
    let before = -1;
    while (before !== other.frames) {
      before = other.frames;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    const sentBytes = other.bytes.reduce((sum, bytes) => sum + bytes.length, 0);
    assert.ok(sentBytes < collectorLimits.windowBytesMax + 8 * 1024 * 1024, `${sentBytes} bytes were handed on`);
    other.tell({ type: "acknowledged", parcels: other.frames });
    await other.until(() => other.frames > before);
    clearInterval(feed);
    await other.end();
  });

  test("no secret of a command line is in the frames' bytes", { timeout: 10_000 }, async () => {
    const other = new OtherSide();
    const marker = "M4rk3rS3cr3tV4lue";
    other.source.put(
      exec(nginx, ["curl", "-H", `Authorization: Bearer ${marker}`, `https://a:${marker}@b/`, `--password=${marker}`]),
    );
    other.source.put(fork(shell), open(shell, "/x"));
    await other.until(() => other.events.some((event) => event.class === "file"));
    assert.ok(!Buffer.concat(other.bytes).includes(marker));
    const file = other.events.find((event) => event.class === "file");
    assert.ok(file?.class === "file" && file.argv?.join(" ").includes("Bearer <redacted>"));
    await other.end();
  });

  test("what the publisher acknowledges behind the word to close is too late, and no fault", async () => {
    const side = new OtherSide();
    await side.until(() => side.messages.some(({ type }) => type === "ready"));
    side.source.put(exec(task({ pid: 100 }), ["/usr/bin/date"]));
    await side.until(() => side.events.some((event) => event.class === "process"));
    const { account } = side.source;
    side.tell({ type: "close", unpin: false });
    side.tell({ type: "acknowledged", parcels: 1_000 });
    await side.until(() => side.source.closed);
    await pause(50);
    assert.equal(side.source.account, account);
    await side.end();
  });

  test("once a second it reports itself with programs and counters, and follows filter plans", {
    timeout: 10_000,
  }, async () => {
    const other = new OtherSide();
    other.source.put(exec(nginx, ["/usr/sbin/nginx"]));
    const plan = { ...emptyFilterPlan, version: 7, open_names: ["shadow"] };
    other.tell({ type: "filters", plan });
    await other.until(() => other.events.some((event) => event.class === "process"));
    other.tell({ type: "acknowledged", parcels: other.frames });
    await other.until(() => other.events.filter((event) => event.class === "sensor").length >= 2);
    assert.deepEqual(other.source.plan, withHeartbeat(plan));
    const last = other.events.filter((event) => event.class === "sensor").at(-1);
    assert.ok(last?.class === "sensor");
    const report = sensorReportSchema.parse(JSON.parse(last.report ?? ""));
    assert.deepEqual([report.node, report.filters_version, report.programs.length], ["node-1", 7, 1]);
    assert.ok(report.counters.some((one) => one.class === "exec" && one.reason === "handed_on" && one.value === 1));
    await other.end();
  });

  test("at rest it reports seldom, and what happens then is told", { timeout: 30_000 }, async () => {
    const other = new OtherSide();
    const reports = () => other.events.filter((event) => event.class === "sensor").length;
    await other.until(() => reports() > 0);
    await pause(collectorLimits.reportMs);
    const before = reports();
    await pause(collectorLimits.reportQuietMs - 500);
    assert.ok(reports() - before <= 1, `${reports() - before} reports that say nothing new`);
    const atRest = reports();
    other.source.put(exec(nginx, ["/usr/sbin/nginx"]));
    await other.until(() => reports() > atRest);
    await other.end();
  });

  test("while a plan's programs are loaded the rings are read and messages are heard, and each plan is answered in its turn", {
    timeout: 10_000,
  }, async () => {
    const other = new OtherSide();
    await other.until(() => other.events.some((event) => event.class === "sensor"));
    other.source.stepsToPrepare = Number.POSITIVE_INFINITY;
    const filters = { ...emptyFilterPlan, version: 7, open_names: ["shadow"] };
    other.tell({ type: "state", state: { version: 7, workspace: "", filters } });
    other.tell({ type: "state", state: { version: 8, workspace: "", filters: { ...filters, version: 8 } } });
    const answers = () => other.messages.filter((message) => message.type === "applied");
    await pause(100);
    other.source.put(exec(nginx, ["/usr/sbin/nginx"]));
    await other.until(() => other.events.some((event) => event.class === "process" && event.activity === "exec"));
    assert.deepEqual([answers(), other.source.plan], [[], undefined]);
    other.source.stepsToPrepare = 0;
    await other.until(() => answers().length === 2);
    assert.deepEqual(answers(), [
      { type: "applied", version: 7 },
      { type: "applied", version: 8 },
    ]);
    other.source.stepsToPrepare = Number.POSITIVE_INFINITY;
    other.tell({ type: "state", state: { version: 9, workspace: "", filters: { ...filters, version: 9 } } });
    other.tell({ type: "drain" });
    await other.until(() => other.messages.some((message) => message.type === "stopped"));
    await other.end();
  });

  test("the last report of a watch that ends says that it is the last, and no other does", {
    timeout: 10_000,
  }, async () => {
    const other = new OtherSide();
    const finals = () =>
      other.events.flatMap((event) =>
        event.class === "sensor" ? [sensorReportSchema.parse(JSON.parse(event.report ?? "")).final] : [],
      );
    await other.until(() => finals().length >= 1);
    other.tell({ type: "acknowledged", parcels: other.frames });
    const before = finals().length;
    other.tell({ type: "report", final: false });
    await other.until(() => finals().length > before);
    other.tell({ type: "report", final: true });
    await other.until(() => finals().includes(true));
    assert.deepEqual(
      finals().filter((one) => one !== undefined),
      [true],
    );
    await other.end();
  });

  test("after an adoption nothing is drained before the publisher said what it has, and that is not handed on again", {
    timeout: 10_000,
  }, async () => {
    const other = new OtherSide({}, true);
    const records = [
      exec(nginx, ["/usr/sbin/nginx"]),
      fork(shell),
      open(nginx, "/a"),
      exec(shell, ["/bin/sh"]),
    ] as const;
    other.source.put(...records);
    await other.until(() => other.frames === 1);
    assert.ok(other.messages.some((message) => message.type === "ready" && message.continues));
    assert.equal(other.source.waiting.lifecycle.length, 3);
    const bootId = other.headers[0]?.bootId ?? "";
    const stream = { bootId, layoutHash: other.source.ringId, ring: 0, class: "process" };
    other.tell({ type: "resume", resume: { streams: [{ ...stream, lastPosition: records[1].position }] } });
    await other.until(() => other.events.filter((event) => event.class !== "sensor").length === 2);
    const handedOn = other.events.flatMap((event) => ("position" in event ? [event.position] : []));
    assert.deepEqual(handedOn.sort(), [records[2].position, records[3].position].sort());
    const own = other.headers.filter((one) => one.class !== "sensor");
    assert.ok(own.every((one) => one.layoutHash === other.source.ringId));
    const reports = other.headers.filter((one) => one.class === "sensor");
    assert.ok(reports.every((one) => one.layoutHash !== other.source.ringId));
    await other.end();
  });

  test("a state that was kept is in force from the first moment, a newer one at once, and each is answered", {
    timeout: 10_000,
  }, async () => {
    const filters = { ...emptyFilterPlan, version: 3, open_names: ["kept"] };
    const other = new OtherSide({ state: { version: 3, workspace: "w-1", filters }, notes: ["state_refused"] });
    await other.until(() => other.events.length >= 1);
    assert.deepEqual(other.source.plan, withHeartbeat(filters));
    const next = { ...filters, version: 4, open_names: ["next"] };
    other.tell({ type: "state", state: { version: 4, workspace: "w-2", filters: next } });
    await other.until(() => other.messages.filter((message) => message.type === "applied").length === 2);
    assert.deepEqual(other.source.plan, withHeartbeat(next));
    other.source.setFilterPlan = () => {
      throw new Error("no room");
    };
    other.tell({ type: "state", state: { version: 5, workspace: "w-2", filters: { ...next, version: 5 } } });
    await other.until(() => other.messages.filter((message) => message.type === "applied").length === 3);
    assert.deepEqual(
      other.messages.filter((message) => message.type === "applied"),
      [
        { type: "applied", version: 3 },
        { type: "applied", version: 4 },
        { type: "applied", version: 5, problem: "no room" },
      ],
    );
    await other.until(() => other.events.filter((event) => event.class === "sensor").length >= 2);
    assert.deepEqual(new Set(other.headers.map((one) => one.workspace)), new Set(["w-1", "w-2"]));
    const last = other.events.filter((event) => event.class === "sensor").at(-1);
    const report = sensorReportSchema.parse(JSON.parse((last?.class === "sensor" ? last.report : null) ?? ""));
    assert.deepEqual([report.state_version, report.filters_version, report.adopted], [4, 4, false]);
    assert.ok(report.counters.some((one) => one.reason === "state_refused" && one.value === 1));
    await other.end();
  });

  test("as lines, only what the filter asks for is printed", { timeout: 10_000 }, async () => {
    const other = new OtherSide({ lines: { container: "host", class: "file", name: "sh" } });
    other.source.put(exec(nginx, ["/usr/sbin/nginx"]), fork(shell), open(nginx, "/a"), open(shell, "/b"));
    await other.until(() => other.text !== "");
    const lines = other.text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(
      lines.map((line) => [line["class"], line["path"]]),
      [["file", "/b"]],
    );
    await other.end();
  });

  test("what cannot start is said with its code", async () => {
    const { port1, port2 } = new MessageChannel();
    const message = new Promise<FromWorker>((resolve) => port1.once("message", resolve));
    const refuse = () => {
      throw new Fault("SENSOR_UNAVAILABLE", "no BTF");
    };
    runSensor(refuse, options, port2);
    assert.deepEqual(await message, { type: "failed", code: "SENSOR_UNAVAILABLE", message: "no BTF" });
    port1.close();
  });
});
