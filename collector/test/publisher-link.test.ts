import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { emptyFilterPlan, encodeAck, encodeMessage, type FilterPlan, MessageReader, messageKinds } from "@atalaya/wire";
import { PublisherLink } from "../src/publisher-link.ts";

const folder = mkdtempSync(join(tmpdir(), "atalaya-link-"));
after(() => rmSync(folder, { recursive: true, force: true }));

type Seen = { server: Server; frames: string[]; sockets: Socket[] };

async function publisher(path: string): Promise<Seen> {
  const seen: Seen = { server: createServer(), frames: [], sockets: [] };
  seen.server.on("connection", (socket: Socket) => {
    const reader = new MessageReader();
    seen.sockets.push(socket);
    socket.on("data", (bytes: Buffer) => {
      const messages = reader.push(bytes);
      assert.ok(messages.ok);
      for (const { kind, payload } of messages.value)
        if (kind === messageKinds.frame) seen.frames.push(payload.toString());
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
});
