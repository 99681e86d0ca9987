// A publisher that keeps what it gets in memory: a real Unix socket that speaks the protocol.
import assert from "node:assert/strict";
import { createServer, type Server, type Socket } from "node:net";
import {
  type AtalayaEvent,
  decodeEvents,
  decodeFrame,
  encodeAck,
  encodeMessage,
  ledgerReasons,
  ledgerRows,
  MessageReader,
  messageKinds,
  type ProcessEvent,
  type Resume,
  type SensorReport,
  sensorReportSchema,
} from "@atalaya/wire";
import { fileChanges } from "../src/file-changes.ts";

const changes: ReadonlySet<string> = new Set(fileChanges);

/** A report, and how many events of each kind were here when it came. */
export type Reported = { report: SensorReport; stored: ReadonlyMap<string, number> };

export class StandInPublisher {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #streams = new Map<string, Resume["streams"][number]>();
  readonly #seen = new Set<string>();
  readonly #byKind = new Map<string, number>();
  readonly #ackDelayMs: number;
  #waiting: (() => void)[] = [];
  /** Programs by their first argument, in the order of arrival. */
  readonly execs = new Map<string, ProcessEvent[]>();
  /** Paths of files that were opened. */
  readonly opened = new Set<string>();
  /** Audit records by the id of their request, in the order of arrival. */
  readonly audited: string[] = [];
  /** Of the frames' headers. */
  readonly workspaces = new Set<string>();
  readonly reports: Reported[] = [];
  readonly confirmed: unknown[] = [];
  readonly problems: string[] = [];
  /** Told of each event of the kernel that was not here before. */
  onEvent: (event: AtalayaEvent) => void = () => undefined;
  /** Told of each event that came for the flight recorder. */
  onRecorded: (event: AtalayaEvent) => void = () => undefined;
  /** Sent to whoever connects, after `resume`. */
  readonly greetings: Buffer[] = [];
  duplicates = 0;

  private constructor(ackDelayMs: number) {
    this.#ackDelayMs = ackDelayMs;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** Acknowledges each frame up to `ackDelayMs` after it came. */
  static async listen(path: string, ackDelayMs = 0): Promise<StandInPublisher> {
    const made = new StandInPublisher(ackDelayMs);
    await new Promise<void>((resolve) => made.#server.listen(path, resolve));
    return made;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  say(message: Buffer): void {
    for (const socket of this.#sockets) socket.write(message);
  }

  /** Until `condition` holds, looked at whenever something came. Throws after the patience. */
  async until(what: string, condition: () => boolean, patienceMs = 30_000): Promise<void> {
    const end = performance.now() + patienceMs;
    while (!condition()) {
      const leftMs = end - performance.now();
      if (leftMs <= 0) throw new Error(`not within ${patienceMs} ms: ${what}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** The next report. */
  async nextReport(): Promise<Reported> {
    const from = this.reports.length;
    await this.until("a report", () => this.reports.length > from, 60_000);
    return this.reports.at(-1) as Reported;
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    const reader = new MessageReader();
    let frames = 0;
    const resume: Resume = { streams: [...this.#streams.values()] };
    socket.write(encodeMessage(messageKinds.resume, Buffer.from(JSON.stringify(resume))));
    for (const greeting of this.greetings) socket.write(greeting);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("data", (bytes: Buffer) => {
      const messages = reader.push(bytes);
      if (!messages.ok) {
        this.problems.push(messages.reason);
        socket.destroy();
        return;
      }
      for (const { kind, payload } of messages.value) {
        if (kind === messageKinds.confirm) this.confirmed.push(JSON.parse(payload.toString()));
        if (kind === messageKinds.recorded) this.#record(payload);
        if (kind !== messageKinds.frame) continue;
        this.#store(payload);
        frames += 1;
        const count = frames;
        setTimeout(() => socket.write(encodeAck(count)), Math.random() * this.#ackDelayMs);
      }
      for (const tell of this.#waiting.splice(0)) tell();
    });
  }

  #record(payload: Buffer): void {
    const frame = decodeFrame(payload);
    const events = frame.ok ? decodeEvents(frame.value.body) : frame;
    if (events.ok && Array.isArray(events.value)) for (const event of events.value) this.onRecorded(event);
    else this.problems.push("a recorded frame that does not decode");
  }

  #store(payload: Buffer): void {
    const frame = decodeFrame(payload);
    const events = frame.ok ? decodeEvents(frame.value.body) : frame;
    if (!frame.ok || !events.ok) {
      this.problems.push("a frame that does not decode");
      return;
    }
    const { bootId, layoutHash, ring, class: of, lastPosition } = frame.value.header;
    this.workspaces.add(frame.value.header.workspace);
    for (const event of events.value) {
      if (event.class === "sensor") this.#report(event.report ?? "");
      else if ("position" in event) this.#keep(`${layoutHash} ${ring} ${event.position}`, event);
    }
    const key = `${bootId} ${layoutHash} ${ring} ${of}`;
    const before = this.#streams.get(key)?.lastPosition ?? 0;
    this.#streams.set(key, { bootId, layoutHash, ring, class: of, lastPosition: Math.max(before, lastPosition) });
  }

  #keep(key: string, event: AtalayaEvent): void {
    const isKnown = this.#seen.has(key);
    if (isKnown) this.duplicates += 1;
    else this.onEvent(event);
    this.#seen.add(key);
    if (event.class === "process" && event.activity === "exec") {
      const mark = event.argv?.[1] ?? "";
      const known = this.execs.get(mark);
      if (known === undefined) this.execs.set(mark, [event]);
      else known.push(event);
    }
    if (event.class === "file" && event.activity === "open" && event.path !== null) this.opened.add(event.path);
    if (event.class === "api") this.audited.push(event.audit_id ?? "");
    // A collector that hears too late what is here already sends it again: it is here once, and its account has it once.
    const kind = kindOf(event);
    if (!isKnown) this.#byKind.set(kind, (this.#byKind.get(kind) ?? 0) + 1);
  }

  #report(text: string): void {
    const report = sensorReportSchema.parse(JSON.parse(text));
    this.reports.push({ report, stored: new Map(this.#byKind) });
  }
}

/**
 * Asserts that nothing is missing: the account of a collector's last report (it has ended, and nothing of it is on its way)
 * balances, and is what came here, event by event.
 */
export function assertExact({ report, stored }: Reported): void {
  const own = report.counters.filter((one) => one.reason in ledgerReasons.collector);
  for (const row of ledgerRows("collector", own)) assert.equal(row.difference, 0, JSON.stringify(row));
  const handedOn = report.counters.filter((one) => one.reason === "handed_on");
  assert.ok(handedOn.length > 0);
  for (const { class: kind, value } of handedOn) assert.equal(value, stored.get(kind), `${kind} at the publisher`);
  for (const reason of ["undecodable", "unencodable", "layout_changed", "unread"]) {
    assert.equal(
      report.counters.find((one) => one.reason === reason && one.value > 0),
      undefined,
      reason,
    );
  }
}

/**
 * Asserts that of the programs numbered from 1 to `wanted` each is there once and in order. What is missing must be in
 * the kernel's count of what a full ring lost: on a machine with much else to do, a start takes its time.
 */
export function assertAllOnce(execs: readonly ProcessEvent[], wanted: number, { report }: Reported): void {
  const numbers = execs.map((event) => Number(event.argv?.[2]));
  for (const [i, number] of numbers.entries())
    assert.ok(number > (numbers[i - 1] ?? 0), `${number} came twice or late`);
  const lost = report.counters.find((one) => one.class === "exec" && one.reason === "ring_full")?.value ?? 0;
  const missing = wanted - numbers.length;
  assert.ok(missing >= 0 && missing <= lost, `${missing} of ${wanted} are missing, a full ring lost ${lost}`);
}

/** The kind of record that the event was made of, as the account names it. */
function kindOf(event: AtalayaEvent): string {
  if (event.class === "dns") return `dns_${event.activity}`;
  if (event.class === "kernel") return event.activity?.startsWith("sensor_") === true ? event.activity : "call";
  if (event.class === "file" && changes.has(event.activity ?? "")) return "change";
  const isUnix = event.class === "network" && event.activity === "connect" && event.socket?.[0] === 1;
  return isUnix ? "unix_connect" : (event.activity ?? "");
}
