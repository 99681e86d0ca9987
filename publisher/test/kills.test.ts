import assert from "node:assert/strict";
import { test } from "node:test";
import type { SyncRequest } from "@atalaya/wire";
import { frame } from "./made-frames.ts";
import { Running } from "./running.ts";
import { Authority } from "./stand-in-authority.ts";
import { StandInCollector } from "./stand-in-collector.ts";
import { StandInHub } from "./stand-in-hub.ts";

type Name = "process" | "file" | "network";
const names: readonly Name[] = ["process", "file", "network"];
const kills = 10;

/** A collector that keeps every frame until it is acknowledged, and sends what was not again on a new connection. */
class PatientCollector {
  readonly #path: string;
  readonly #kept: { name: Name; position: number; count: number; bytes: Buffer }[] = [];
  #collector: StandInCollector | undefined;
  #acknowledged = 0;
  /** Events that were acknowledged, by class. */
  readonly handedOn: Record<Name, number> = { process: 0, file: 0, network: 0 };
  #position = 1;

  constructor(path: string) {
    this.#path = path;
  }

  get waiting(): number {
    return this.#kept.length;
  }

  /** Tries until there is a publisher. */
  async connect(): Promise<void> {
    for (;;) {
      const collector = await StandInCollector.connect(this.#path).catch(() => undefined);
      if (collector !== undefined && !collector.closed) {
        this.#collector = collector;
        this.#acknowledged = 0;
        this.#leaveOut(collector);
        collector.send(...this.#kept.map((one) => one.bytes));
        return;
      }
      await new Promise((done) => setTimeout(done, 20));
    }
  }

  /** What the publisher says it has was handed on, though its acknowledgement was lost. */
  #leaveOut(collector: StandInCollector): void {
    const has = (name: string, last: number) =>
      collector.resume?.streams.some((one) => one.class === name && one.lastPosition >= last) === true;
    for (let i = 0; i < this.#kept.length; ) {
      const one = this.#kept[i];
      if (one !== undefined && has(one.name, one.position + one.count - 1)) this.#handed(this.#kept.splice(i, 1));
      else i++;
    }
  }

  send(n: number): void {
    for (const name of names) {
      const count = 1 + ((n * 7 + name.length) % 9);
      const bytes = frame(this.#position, name, count);
      this.#kept.push({ name, position: this.#position, count, bytes });
      this.#position += count;
      this.#collector?.send(bytes);
    }
    this.#takeAcknowledged();
  }

  #takeAcknowledged(): void {
    const count = (this.#collector?.acknowledged ?? 0) - this.#acknowledged;
    this.#acknowledged += count;
    this.#handed(this.#kept.splice(0, count));
  }

  #handed(frames: { name: Name; count: number }[]): void {
    for (const { name, count } of frames) this.handedOn[name] += count;
  }

  async settled(): Promise<void> {
    while (this.#kept.length > 0) {
      this.#takeAcknowledged();
      await new Promise((done) => setTimeout(done, 20));
    }
  }
}

const counted = (report: SyncRequest | undefined, name: string, reason: string) =>
  report?.publisher.counters.find((one) => one.class === name && one.reason === reason)?.value ?? 0;

test(`killed with -9 ${kills} times while frames flow, the account balances to the event and no acknowledged one is lost`, {
  timeout: 90_000,
}, async () => {
  const authority = await Authority.make();
  const hub = new StandInHub(authority);
  hub.keepFrames = false;
  const running = new Running(authority);
  const port = await hub.listen();
  const collector = new PatientCollector(running.socket);
  let n = 0;
  const pump = setInterval(() => collector.send(n++), 5);
  try {
    for (let i = 0; i < kills; i++) {
      await running.start(port);
      await collector.connect();
      // Some of the kills fall into the middle of a request, some into a write.
      const until = n + 20 + ((i * 37) % 60);
      while (n < until) await new Promise((done) => setTimeout(done, 3));
      await running.end("SIGKILL");
    }
    clearInterval(pump);
    await running.start(port);
    await collector.connect();
    await collector.settled();
    const isSettled = () => names.every((name) => hub.events.get(name) === collector.handedOn[name]);
    await hub.until(isSettled);
    await hub.until(() => names.every((name) => counted(hub.syncs.at(-1), name, "pending") === 0));
    const report = hub.syncs.at(-1);
    for (const name of names) {
      const [received, delivered, deduplicated] = ["received", "delivered", "deduplicated"].map((reason) =>
        counted(report, name, reason),
      ) as [number, number, number];
      assert.equal(received, delivered + deduplicated, name);
      assert.equal(delivered, collector.handedOn[name], `${name}: stored and delivered once, by position`);
      for (const reason of ["given_up", "refused", "corrupt"]) assert.equal(counted(report, name, reason), 0);
    }
    assert.equal(new Set(hub.syncs.map((sync) => sync.publisher.epoch)).size, 1);
  } finally {
    clearInterval(pump);
    await running.remove();
    await hub.close();
  }
});
