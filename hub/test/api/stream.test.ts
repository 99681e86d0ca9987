import assert from "node:assert/strict";
import type { ClientRequest, IncomingMessage } from "node:http";
import { request } from "node:https";
import { after, afterEach, before, test } from "node:test";
import type { Sensor } from "@atalaya/wire";
import { secretHash } from "../../src/auth/secret.ts";
import { serverLimits } from "../../src/server/limits.ts";
import { execEvent } from "../frames.ts";
import { exampleAlert } from "../in-memory-core.ts";
import { TestHub } from "../test-hub.ts";

type Message = { event: string; id: string; data: Record<string, unknown> };

/** A reader of the stream as a browser is one: keeps the last id, takes messages one at a time. */
class Reader {
  readonly sent: ClientRequest;
  answer: IncomingMessage | undefined;
  lastId = "";
  ended = false;
  beats = 0;
  text = "";
  readonly #messages: Message[] = [];
  #wake = () => {};

  constructor(hub: TestHub, query: string, lastId?: string, token = hub.adminToken) {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(lastId === undefined ? {} : { "last-event-id": lastId }),
    };
    const ca = hub.read("hub/ca.pem");
    this.sent = request(`${hub.hub.url}/api/v1/stream?${query}`, { headers, ca, agent: false });
    this.sent.on("error", () => this.#end());
    this.sent.on("response", (answer) => {
      this.answer = answer;
      answer.setEncoding("utf8");
      answer.on("data", (part: string) => this.#read(part));
      answer.on("error", () => this.#end());
      answer.on("close", () => this.#end());
      this.#wake();
    });
    this.sent.end();
  }

  async open(): Promise<this> {
    await this.#until(() => this.lastId !== "" || this.ended);
    return this;
  }

  async next(): Promise<Message> {
    await this.#until(() => this.#messages.length > 0 || this.ended);
    const message = this.#messages.shift();
    assert.ok(message, "the stream ended");
    return message;
  }

  async beat(): Promise<void> {
    await this.#until(() => this.beats > 0 || this.ended);
    assert.ok(this.beats > 0, "the stream ended");
  }

  async end(): Promise<void> {
    await this.#until(() => this.ended);
  }

  close(): void {
    this.sent.destroy();
  }

  async #until(done: () => boolean): Promise<void> {
    while (!done()) {
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
  }

  #read(part: string): void {
    this.text += part;
    for (let end = this.text.indexOf("\n\n"); end >= 0; end = this.text.indexOf("\n\n")) {
      const fields = new Map(
        this.text
          .slice(0, end)
          .split("\n")
          .map((line) => [line.split(": ")[0] ?? "", line.slice(line.indexOf(": ") + 2)]),
      );
      this.text = this.text.slice(end + 2);
      if (fields.has(":")) this.beats++;
      this.lastId = fields.get("id") ?? this.lastId;
      const data = fields.get("data");
      if (data !== undefined)
        this.#messages.push({ event: fields.get("event") ?? "", id: this.lastId, data: JSON.parse(data) });
    }
    this.#wake();
  }

  #end(): void {
    this.ended = true;
    this.#wake();
  }
}

let hub: TestHub;
const readers: Reader[] = [];
const follow = (query: string, lastId?: string) => {
  const reader = new Reader(hub, query, lastId);
  readers.push(reader);
  return reader.open();
};
before(async () => {
  hub = await TestHub.start();
});
afterEach(() => {
  for (const reader of readers.splice(0)) reader.close();
});
after(() => hub.stop());

const commit = (name: string) => hub.core.commit(exampleAlert({ alert_id: name }));

test("an alert arrives as it is committed, with the commit's number as its id", async () => {
  const reader = await follow("topics=alerts");
  const { commit: number } = commit("live-1");
  const message = await reader.next();
  assert.deepEqual([message.event, message.id, message.data["alert_id"]], ["alert", String(number), "live-1"]);
  assert.equal(reader.answer?.headers["content-type"], "text/event-stream");
  assert.equal(reader.answer?.headers["cache-control"], "no-store");
});

test("a reader that comes back gets each alert it missed, once and in order, then the live ones", async () => {
  const first = await follow("topics=alerts");
  commit("seen");
  const { id } = await first.next();
  first.close();
  commit("missed-1");
  commit("missed-2");
  const second = await follow("topics=alerts", id);
  commit("live-2");
  const names = [await second.next(), await second.next(), await second.next()].map((one) => one.data["alert_id"]);
  assert.deepEqual(names, ["missed-1", "missed-2", "live-2"]);
});

test("a stream that ended before its first alert resumes where it was opened", async () => {
  const first = await follow("topics=alerts");
  const id = first.lastId;
  first.close();
  commit("while-away");
  const second = await follow("topics=alerts", id);
  assert.equal((await second.next()).data["alert_id"], "while-away");
});

test("more missed alerts than one page are all sent", async () => {
  const { commit: before } = commit("many-0");
  for (let i = 1; i <= 2_500; i++) commit(`many-${i}`);
  const reader = await follow("topics=alerts", String(before));
  for (let i = 1; i <= 2_500; i++) assert.equal((await reader.next()).data["alert_id"], `many-${i}`);
});

test("an id of another database is answered with a reset", async () => {
  const reader = await follow("topics=alerts", "999999999");
  const message = await reader.next();
  assert.equal(message.event, "reset");
  commit("after-reset");
  assert.equal((await reader.next()).data["alert_id"], "after-reset");
});

test("events are filtered by the container's start, name and class", async () => {
  const reader = await follow("topics=events&container=9c41&name=sh,bash&class=process");
  hub.core.tellEvent("node-1", execEvent({ container_id: "aaaa", name: "sh" }));
  hub.core.tellEvent("node-1", execEvent({ container_id: "9c41e7", name: "nginx" }));
  hub.core.tellEvent("node-1", execEvent({ container_id: "9c41e7", name: "bash" }));
  const message = await reader.next();
  assert.equal(message.event, "event");
  assert.partialDeepStrictEqual(message.data, { node: "node-1", event: { class: "process", name: "bash" } });
});

test("topics that were not asked for do not arrive, and sensors are told at once", async () => {
  const sensor: Sensor = {
    ...{ sensor_id: "s", cluster: "local", node: "node-1", state: "live", last_seen_us: 1, events_per_second: 1 },
    ...{ lag_us: 0, lost: [], report: null },
  };
  hub.core.sensorList.push(sensor);
  const reader = await follow("topics=sensors");
  assert.equal((await reader.next()).data["sensor_id"], "s");
  commit("not-asked-for");
  hub.core.tellSensor({ ...sensor, state: "silent" });
  assert.equal((await reader.next()).data["state"], "silent");
});

test("an unknown topic or class is refused by the names there are", async () => {
  for (const query of ["topics=everything", "topics=events&class=nothing"]) {
    const answer = await hub.admin("GET", `/api/v1/stream?${query}`);
    assert.deepEqual([answer.status, answer.json["code"]], [400, "BODY_MALFORMED"], query);
  }
});

test("a reader that does not keep up is closed and counted, and others go on", async () => {
  const slow = await follow("topics=events");
  slow.answer?.pause();
  const quick = await follow("topics=alerts");
  const event = execEvent({ argv: ["x".repeat(60_000)] });
  const dropped = /atalaya_streams_dropped_total\{reason="slow"\} (\d+)/;
  for (let i = 0; i < 2_000; i++) {
    hub.core.tellEvent("node-1", event);
    if (i % 50 === 0 && dropped.test((await hub.call("GET", "/metrics")).text)) break;
  }
  assert.match((await hub.call("GET", "/metrics")).text, dropped);
  slow.answer?.resume();
  await slow.end();
  commit("still-there");
  assert.equal((await quick.next()).data["alert_id"], "still-there");
});

test("an idle stream beats, and ends when its session is signed out", async (t) => {
  const body = { user: "admin", password: hub.hub.firstPassword, name: "test" };
  const token = String((await hub.call("POST", "/api/v1/tokens", { body })).json["token"]);
  t.mock.timers.enable({ apis: ["setInterval"] });
  const reader = await new Reader(hub, "topics=alerts", undefined, token).open();
  t.mock.timers.tick(serverLimits.streamHeartbeatMs);
  await reader.beat();
  hub.core.sessions.delete(secretHash(token));
  t.mock.timers.tick(serverLimits.streamHeartbeatMs);
  await reader.end();
});

test("so many streams at most, then one more is told to wait", async () => {
  const all = await Promise.all(Array.from({ length: serverLimits.streamsMax }, () => follow("topics=alerts")));
  const answer = await hub.admin("GET", "/api/v1/stream");
  assert.deepEqual([answer.status, answer.json["code"]], [429, "BUSY"]);
  assert.equal(all.length, serverLimits.streamsMax);
});
