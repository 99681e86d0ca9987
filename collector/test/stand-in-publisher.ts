// A publisher that keeps what it gets in memory: a real Unix socket that speaks the protocol.
import { createServer, type Server, type Socket } from "node:net";
import {
  type AtalayaEvent,
  decodeEvents,
  decodeFrame,
  encodeAck,
  encodeMessage,
  MessageReader,
  messageKinds,
  type ProcessEvent,
  type Resume,
  type SensorReport,
  sensorReportSchema,
} from "@atalaya/wire";

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
  readonly reports: Reported[] = [];
  readonly confirmed: unknown[] = [];
  readonly problems: string[] = [];
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
        if (kind !== messageKinds.frame) continue;
        this.#store(payload);
        frames += 1;
        const count = frames;
        setTimeout(() => socket.write(encodeAck(count)), Math.random() * this.#ackDelayMs);
      }
      for (const tell of this.#waiting.splice(0)) tell();
    });
  }

  #store(payload: Buffer): void {
    const frame = decodeFrame(payload);
    const events = frame.ok ? decodeEvents(frame.value.body) : frame;
    if (!frame.ok || !events.ok) {
      this.problems.push("a frame that does not decode");
      return;
    }
    const { bootId, layoutHash, ring, class: of, lastPosition } = frame.value.header;
    for (const event of events.value) {
      if (event.class === "sensor") this.#report(event.report ?? "");
      else if ("position" in event) this.#keep(`${layoutHash} ${ring} ${event.position}`, event);
    }
    const key = `${bootId} ${layoutHash} ${ring} ${of}`;
    const before = this.#streams.get(key)?.lastPosition ?? 0;
    this.#streams.set(key, { bootId, layoutHash, ring, class: of, lastPosition: Math.max(before, lastPosition) });
  }

  #keep(key: string, event: AtalayaEvent): void {
    if (this.#seen.has(key)) this.duplicates += 1;
    this.#seen.add(key);
    if (event.class === "process" && event.activity === "exec") {
      const mark = event.argv?.[1] ?? "";
      const known = this.execs.get(mark);
      if (known === undefined) this.execs.set(mark, [event]);
      else known.push(event);
    }
    const kind = event.activity ?? "";
    this.#byKind.set(kind, (this.#byKind.get(kind) ?? 0) + 1);
  }

  #report(text: string): void {
    const report = sensorReportSchema.parse(JSON.parse(text));
    this.reports.push({ report, stored: new Map(this.#byKind) });
  }
}
