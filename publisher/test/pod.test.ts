import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { limits } from "@atalaya/wire/framing";
import { HealthServer } from "@atalaya/wire/health";
import { awaitFolders } from "../src/await-folder.ts";
import { frame } from "./made-frames.ts";
import { Running } from "./running.ts";
import { Authority } from "./stand-in-authority.ts";
import { StandInCollector } from "./stand-in-collector.ts";
import { StandInHub } from "./stand-in-hub.ts";

const patience = { timeout: 30_000 };
const folder = mkdtempSync(join(tmpdir(), "atalaya-pod-"));
let authority: Authority;
before(async () => {
  authority = await Authority.make();
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function get(port: number, path: string): Promise<[number, string]> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  return [answer.status, (await answer.text()).trim()];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === "object" && address !== null ? address.port : 0;
}

describe("a publisher in a pod", () => {
  test("is alive as soon as it answers, and ready when there is no obstacle", patience, async () => {
    let obstacle: string | undefined = "it starts";
    const server = new HealthServer(() => obstacle);
    const port = await server.listen(0);
    assert.deepEqual(await get(port, "/alive"), [200, "ok"]);
    assert.deepEqual(await get(port, "/ready"), [503, "it starts"]);
    obstacle = undefined;
    assert.deepEqual(await get(port, "/ready"), [200, "ok"]);
    server.close();
  });

  test("a probe that sends too much is hung up on", patience, async () => {
    const server = new HealthServer(() => undefined);
    const port = await server.listen(0);
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write("x".repeat(limits.probeBytesMax + 1));
    const answered = await new Promise((done) => {
      socket.on("data", () => done(true));
      socket.on("close", () => done(false));
    });
    assert.equal(answered, false);
    server.close();
  });

  test("it waits for a folder that the collector has yet to share", patience, async () => {
    const lines: string[] = [];
    const shared = join(folder, "shared");
    const waited = awaitFolders([folder, shared], (line) => lines.push(line));
    assert.deepEqual(lines, [`waiting until ${shared} can be written: the collector shares it`]);
    mkdirSync(shared);
    await waited;
  });

  test("it is ready once the hub answers it, and says why it is not while the hub is away", patience, async () => {
    const hub = new StandInHub(authority);
    const running = new Running(authority);
    try {
      const [hubPort, port] = [await freePort(), await freePort()];
      await running.start(hubPort, ["--health-port", String(port)]);
      assert.deepEqual(await get(port, "/ready"), [503, "the hub has not answered for a minute; frames wait on disk"]);
      await hub.listen(hubPort);
      await hub.until(() => hub.syncs.length > 1);
      assert.deepEqual(await get(port, "/ready"), [200, "ok"]);
    } finally {
      await running.remove();
      await hub.close();
    }
  });

  test("told to leave, it removes spool, identity and socket, and says so when it is done", patience, async () => {
    const hub = new StandInHub(authority);
    const running = new Running(authority);
    try {
      const hubPort = await hub.listen();
      await running.start(hubPort);
      const collector = await StandInCollector.connect(running.socket);
      collector.send(frame(1));
      await collector.until(() => collector.acknowledged === 1);
      await running.end();
      assert.deepEqual(readdirSync(running.folder).sort(), ["collector.sock.lock", "identity", "spool"]);
      const port = await freePort();
      const told = await running.start(hubPort, ["--leave", "--health-port", String(port)]);
      assert.equal(told.type === "ready" && told.detail, "nothing of the publisher is left on this node");
      assert.deepEqual(readdirSync(running.folder), []);
      assert.deepEqual(await get(port, "/ready"), [200, "ok"]);
      assert.equal(await running.end(), 0);
    } finally {
      await running.remove();
      await hub.close();
    }
  });

  test("leaving, it says how much it drops that the hub has not taken", patience, async () => {
    const running = new Running(authority);
    try {
      // Nobody listens there.
      const hubPort = await freePort();
      await running.start(hubPort);
      const collector = await StandInCollector.connect(running.socket);
      for (const position of [1, 2, 3]) collector.send(frame(position));
      await collector.until(() => collector.acknowledged === 3);
      await running.end();
      await running.start(hubPort, ["--leave"]);
      await running.said("dropped 3 frames that the hub has not taken (events: 3 process)");
      assert.deepEqual(readdirSync(running.folder), []);
    } finally {
      await running.remove();
    }
  });

  test("leaving, it says so when it drops nothing, and when what it drops cannot be counted", patience, async () => {
    const running = new Running(authority);
    try {
      await running.start(await freePort());
      await running.end();
      await running.start(9, ["--leave"]);
      await running.said("the hub has all that this node stored for it");
      await running.end();
      writeFileSync(running.spool, "no folder");
      await running.start(9, ["--leave"]);
      await running.said("how much that is cannot be read from the spool");
      assert.equal(existsSync(running.spool), false);
    } finally {
      await running.remove();
    }
  });
});
