import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import {
  emptyFilterPlan,
  encodeAck,
  encodeFrame,
  encodeMessage,
  type FilterPlan,
  type FrameHeader,
  MessageReader,
  messageKinds,
  type Resume,
  type SignedState,
} from "@atalaya/wire";
import { PublisherLink } from "../src/publisher-link.ts";

const folder = mkdtempSync(join(tmpdir(), "atalaya-link-"));
after(() => rmSync(folder, { recursive: true, force: true }));

type Seen = { server: Server; frames: string[]; sockets: Socket[]; confirmed: unknown[] };

async function publisher(path: string): Promise<Seen> {
  const seen: Seen = { server: createServer(), frames: [], sockets: [], confirmed: [] };
  seen.server.on("connection", (socket: Socket) => {
    const reader = new MessageReader();
    seen.sockets.push(socket);
    socket.on("data", (bytes: Buffer) => {
      const messages = reader.push(bytes);
      assert.ok(messages.ok);
      for (const { kind, payload } of messages.value) {
        if (kind === messageKinds.frame) seen.frames.push(payload.toString("latin1"));
        if (kind === messageKinds.confirm) seen.confirmed.push(JSON.parse(payload.toString()));
      }
    });
  });
  await new Promise<void>((resolve) => seen.server.listen(path, resolve));
  return seen;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

function stop(seen: Seen): void {
  seen.server.close();
  for (const socket of seen.sockets) socket.destroy();
}

describe("the way to the publisher", () => {
  test("frames wait for a publisher, are kept until acknowledged, and are sent again after a lost connection", {
    timeout: 10_000,
  }, async () => {
    const path = join(folder, "a.sock");
    const acknowledged: number[] = [];
    const lines: string[] = [];
    const link = new PublisherLink(path, {
      acknowledged: (frames) => acknowledged.push(frames),
      filters: () => {},
      state: () => {},
      resume: () => {},
      log: (line) => lines.push(line),
    });
    for (const name of ["one", "two", "three"]) link.send(Buffer.from(name));
    await until(() => lines.length > 0);
    assert.match(lines[0] ?? "", /no publisher answers at .*ENOENT/);
    const first = await publisher(path);
    await until(() => first.frames.length === 3);
    first.sockets[0]?.write(encodeAck(1));
    await until(() => acknowledged.length === 1);
    assert.equal(link.waiting, 2);
    stop(first);
    await until(() => !first.server.listening && first.sockets[0]?.destroyed === true);
    rmSync(path, { force: true });
    const second = await publisher(path);
    await until(() => second.frames.length === 2);
    link.send(Buffer.from("four"));
    await until(() => second.frames.length === 3);
    assert.deepEqual(second.frames, ["two", "three", "four"]);
    second.sockets[0]?.write(encodeAck(3));
    await until(() => acknowledged.length === 2);
    assert.deepEqual(acknowledged, [1, 4]);
    assert.equal(link.waiting, 0);
    link.close();
    stop(second);
  });

  test("a filter plan is taken, one of another shape is refused, an absurd acknowledgement changes nothing", {
    timeout: 10_000,
  }, async () => {
    const path = join(folder, "b.sock");
    const plans: FilterPlan[] = [];
    const lines: string[] = [];
    const acknowledged: number[] = [];
    const other = await publisher(path);
    const link = new PublisherLink(path, {
      acknowledged: (frames) => acknowledged.push(frames),
      filters: (plan) => plans.push(plan),
      state: () => {},
      resume: () => {},
      log: (line) => lines.push(line),
    });
    link.send(Buffer.from("one"));
    await until(() => other.frames.length === 1);
    const socket = other.sockets[0];
    socket?.write(encodeAck(99));
    socket?.write(encodeMessage(messageKinds.filters, Buffer.from('{"version": "x"}')));
    socket?.write(encodeMessage(messageKinds.filters, Buffer.from("not JSON")));
    socket?.write(encodeMessage(messageKinds.filters, Buffer.from(JSON.stringify({ ...emptyFilterPlan, version: 3 }))));
    await until(() => plans.length === 1);
    assert.equal(plans[0]?.version, 3);
    assert.equal(lines.length, 2);
    assert.deepEqual(acknowledged, []);
    assert.equal(link.waiting, 1);
    link.close();
    stop(other);
  });

  test("a recorded frame is written at once, or left out: it is not kept, and nobody acknowledges it", {
    timeout: 10_000,
  }, async () => {
    const path = join(folder, "r.sock");
    const begun = Promise.withResolvers<void>();
    const quiet = { acknowledged: () => {}, filters: () => {}, state: () => {}, resume: () => {}, log: () => {} };
    const link = new PublisherLink(path, { ...quiet, begun: () => begun.resolve() });
    assert.equal(link.record(Buffer.from("too early")), false);
    const received: Buffer[] = [];
    const server = createServer((socket) => socket.on("data", (bytes) => received.push(bytes)));
    await new Promise<void>((done) => server.listen(path, done));
    await begun.promise;
    assert.equal(link.record(Buffer.from("one")), true);
    assert.equal(link.waiting, 0);
    await until(() => received.length > 0);
    assert.deepEqual(Buffer.concat(received), encodeMessage(messageKinds.recorded, Buffer.from("one")));
    link.close();
    server.close();
  });

  test("what the publisher says that it has is not sent again; an acknowledgement counts what was sent on its connection", {
    timeout: 10_000,
  }, async () => {
    const path = join(folder, "c.sock");
    const acknowledged: number[] = [];
    const resumes: Resume[] = [];
    const first = await publisher(path);
    const link = new PublisherLink(path, {
      acknowledged: (frames) => acknowledged.push(frames),
      filters: () => {},
      state: () => {},
      resume: (resume) => resumes.push(resume),
      log: () => {},
    });
    const frames = [frame("process", 0, 8), frame("file", 1, 16), frame("process", 0, 24), frame("file", 1, 32)];
    for (const one of frames) link.send(one);
    await until(() => first.frames.length === 4);
    stop(first);
    await until(() => first.sockets[0]?.destroyed === true);
    rmSync(path, { force: true });
    const second = await publisher(path);
    await until(() => second.sockets.length === 1);
    const stream = (of: string, ring: number, lastPosition: number, layoutHash = header.layoutHash) =>
      ({ bootId: header.bootId, layoutHash, ring, class: of, lastPosition }) as const;
    const has = [stream("process", 0, 24), stream("file", 1, 99, "0".repeat(16)), stream("file", 1, 16)];
    second.sockets[0]?.write(encodeMessage(messageKinds.resume, Buffer.from(JSON.stringify({ streams: has }))));
    await until(() => second.frames.length === 1);
    assert.deepEqual(second.frames, [frames[3]?.toString("latin1")]);
    assert.deepEqual(acknowledged, [3]);
    assert.equal(resumes.length, 1);
    second.sockets[0]?.write(encodeAck(1));
    await until(() => acknowledged.length === 2);
    assert.deepEqual([acknowledged, link.waiting], [[3, 4], 0]);
    link.close();
    stop(second);
  });

  test("a state is handed on, and what was made of it is said on this and on every later connection", {
    timeout: 10_000,
  }, async () => {
    const path = join(folder, "d.sock");
    const states: SignedState[] = [];
    const first = await publisher(path);
    const link = new PublisherLink(path, {
      acknowledged: () => {},
      filters: () => {},
      state: (signed) => states.push(signed),
      resume: () => {},
      log: () => {},
    });
    await until(() => first.sockets.length === 1);
    const signed = { state: "{}", signature: "x" };
    for (const text of ["{", JSON.stringify(signed)]) {
      first.sockets[0]?.write(encodeMessage(messageKinds.state, Buffer.from(text)));
    }
    await until(() => states.length === 1);
    assert.deepEqual(states, [signed]);
    link.confirm({ version: 4, refused: "why" });
    await until(() => first.confirmed.length === 1);
    stop(first);
    await until(() => first.sockets[0]?.destroyed === true);
    rmSync(path, { force: true });
    const second = await publisher(path);
    await until(() => second.confirmed.length === 1);
    assert.deepEqual([...first.confirmed, ...second.confirmed], Array(2).fill({ version: 4, refused: "why" }));
    link.close();
    stop(second);
  });
});

const header: Omit<FrameHeader, "version"> = {
  class: "process",
  ring: 0,
  eventCount: 1,
  firstPosition: 0,
  lastPosition: 0,
  firstTimeUs: 1,
  lastTimeUs: 1,
  bootId: "b".repeat(32),
  layoutHash: "f".repeat(16),
  node: "n",
  cluster: "c",
  containerId: "",
  workspace: "",
};

function frame(of: FrameHeader["class"], ring: number, position: number): Buffer {
  return encodeFrame({ ...header, class: of, ring, firstPosition: position, lastPosition: position }, Buffer.from("x"));
}
