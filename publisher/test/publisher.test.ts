import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { emptyFilterPlan, type PartMessage } from "@atalaya/wire";
import { type Files, frame, makeFiles, StandInCollector, StandInHub } from "./stand-in-hub.ts";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "atalaya-publisher-"));
const patience = { timeout: 30_000 };
let files: Files;
let runs = 0;

before(() => {
  files = makeFiles(join(root, "tls"));
});
after(() => rmSync(root, { recursive: true, force: true }));

/** A publisher as a process of its own, as `atalaya up` starts it. */
class Running {
  readonly folder = join(root, `run-${++runs}`);
  readonly socket = join(this.folder, "collector.sock");
  readonly spool = join(this.folder, "spool");
  child: ChildProcess | undefined;

  async start(port: number, given: { credential?: string; ca?: string } = {}): Promise<PartMessage> {
    const paths = ["--socket", this.socket, "--spool", this.spool];
    const trust = ["--ca", given.ca ?? files.ca, "--credential", given.credential ?? files.credential];
    const args = [...paths, "--hub", `https://127.0.0.1:${port}`, ...trust];
    const execArgv = ["--disable-warning=ExperimentalWarning"];
    const child = fork(main, args, { stdio: ["ignore", "ignore", "pipe", "ipc"], execArgv });
    this.child = child;
    child.stderr?.on("data", () => {});
    const [message] = (await once(child, "message")) as [PartMessage];
    return message;
  }

  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    const child = this.child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const ended = once(child, "exit");
    child.kill(signal);
    const [status] = (await ended) as [number | null];
    return status;
  }

  onDisk(lane: "life" | "bulk"): Buffer {
    const folder = join(this.spool, lane);
    const names = readdirSync(folder).filter((name) => name.endsWith(".spool"));
    return Buffer.concat(names.map((name) => readFileSync(join(folder, name))));
  }
}

describe("the publisher", () => {
  test(
    "frames go to the hub over TLS 1.3 with the credential, and the socket is for owner and group",
    patience,
    async () => {
      const hub = new StandInHub(files);
      const running = new Running();
      const ready = await running.start(await hub.listen());
      assert.equal(ready.type, "ready");
      assert.equal(statSync(running.socket).mode & 0o777, 0o660);
      const collector = await StandInCollector.connect(running.socket);
      collector.send(frame(1), frame(2, "file"), frame(3));
      await hub.until(() => hub.frames.length === 3);
      await collector.until(() => collector.acknowledged === 3);
      assert.deepEqual(hub.requests[0]?.protocol, "TLSv1.3");
      assert.deepEqual(hub.requests[0]?.authorization, "Bearer secret-of-the-sensor");
      assert.deepEqual(hub.positions.toSorted(), [1, 2, 3]);
      assert.equal(await running.end(), 0);
      await hub.close();
    },
  );

  test("what was acknowledged is on disk, survives kill -9, and is sent when the hub is there", patience, async () => {
    const hub = new StandInHub(files);
    const port = await hub.listen();
    await hub.close();
    const running = new Running();
    await running.start(port);
    const collector = await StandInCollector.connect(running.socket);
    const frames = Array.from({ length: 200 }, (_, i) => frame(i * 10, i % 3 === 0 ? "file" : "process", 5));
    collector.send(...frames);
    await collector.until(() => collector.acknowledged === 200);
    await running.end("SIGKILL");
    const disk = Buffer.concat([running.onDisk("life"), running.onDisk("bulk")]);
    for (const one of frames) assert.ok(disk.includes(one));
    const later = new StandInHub(files);
    await later.listen(port);
    await running.start(port);
    await later.until(() => later.frames.length >= 200);
    assert.deepEqual(
      [...new Set(later.positions)].toSorted((a, b) => a - b),
      frames.map((_, i) => i * 10),
    );
    const life = later.frames.filter((one) => one.header.class === "process").map((one) => one.header.firstPosition);
    assert.deepEqual(
      life,
      life.toSorted((a, b) => a - b),
      "oldest first",
    );
    await running.end();
    await later.close();
  });

  test("a killed publisher sends again only what the hub did not have", patience, async () => {
    const hub = new StandInHub(files);
    const port = await hub.listen();
    const running = new Running();
    await running.start(port);
    const collector = await StandInCollector.connect(running.socket);
    collector.send(frame(1), frame(2));
    await hub.until(() => hub.frames.length === 2);
    const head = join(running.spool, "life", "head");
    while (!existsSync(head) || readFileSync(head, "utf8") !== "1 2")
      await new Promise((resolve) => setTimeout(resolve, 10));
    hub.reply = () => ({ status: 500 });
    collector.send(frame(3));
    await collector.until(() => collector.acknowledged === 3);
    await running.end("SIGKILL");
    hub.reply = (frames) => ({ status: 200, body: { accepted: frames.length, duplicates: 0 } });
    await running.start(port);
    await hub.until(() => hub.positions.includes(3));
    assert.deepEqual(hub.positions, [1, 2, 3]);
    await running.end();
    await hub.close();
  });

  test("a torn tail is cut and the whole records before it are sent", patience, async () => {
    const hub = new StandInHub(files);
    const port = await hub.listen();
    await hub.close();
    const running = new Running();
    await running.start(port);
    const collector = await StandInCollector.connect(running.socket);
    collector.send(frame(1), frame(2));
    await collector.until(() => collector.acknowledged === 2);
    await running.end("SIGKILL");
    const [name = ""] = readdirSync(join(running.spool, "life")).filter((one) => one.endsWith(".spool"));
    const path = join(running.spool, "life", name);
    const whole = statSync(path).size;
    const torn = Buffer.alloc(8);
    torn.writeUInt32LE(500, 0);
    appendFileSync(path, Buffer.concat([torn, frame(3).subarray(0, 60)]));
    const later = new StandInHub(files);
    await later.listen(port);
    await running.start(port);
    assert.equal(statSync(path).size, whole);
    const again = await StandInCollector.connect(running.socket);
    again.send(frame(4));
    await later.until(() => later.frames.length === 3);
    assert.deepEqual(later.positions, [1, 2, 4]);
    await running.end();
    await later.close();
  });

  test("429 waits as long as Retry-After says, and what waits is then sent once", patience, async () => {
    const hub = new StandInHub(files);
    let busy = 1;
    hub.reply = (frames) =>
      busy-- > 0
        ? { status: 429, headers: { "retry-after": "1" } }
        : { status: 200, body: { accepted: frames.length, duplicates: 0 } };
    const running = new Running();
    await running.start(await hub.listen());
    const collector = await StandInCollector.connect(running.socket);
    collector.send(frame(1));
    await hub.until(() => hub.requests.length === 1);
    collector.send(frame(2));
    await hub.until(() => hub.frames.length === 2);
    const [first, second] = hub.requests;
    assert.ok((second?.atMs ?? 0) - (first?.atMs ?? 0) >= 990, "it came back too early");
    assert.deepEqual(hub.positions, [1, 2]);
    await running.end();
    await hub.close();
  });

  test("a frame that the hub refuses for good is given up alone; the ones around it arrive", patience, async () => {
    const hub = new StandInHub(files);
    let gate = true;
    hub.reply = (frames) => {
      if (gate) return { status: 503, headers: { "retry-after": "0.3" } };
      const bad = frames.some((one) => one.header.firstPosition === 3);
      return bad
        ? { status: 400, body: { code: "FRAME_CLASS", message: "no" } }
        : { status: 200, body: { accepted: frames.length, duplicates: 0 } };
    };
    const running = new Running();
    await running.start(await hub.listen());
    const collector = await StandInCollector.connect(running.socket);
    collector.send(...[1, 2, 3, 4, 5].map((position) => frame(position)));
    await collector.until(() => collector.acknowledged === 5);
    await hub.until(() => hub.requests.length >= 1);
    gate = false;
    await hub.until(() => hub.frames.length === 4);
    assert.deepEqual(hub.positions, [1, 2, 4, 5]);
    await running.end();
    await hub.close();
  });

  test("a hub with another CA is not talked to, and nothing is lost by it", patience, async () => {
    const foreign = makeFiles(join(root, "foreign"));
    const wrong = new StandInHub(foreign);
    const port = await wrong.listen();
    const running = new Running();
    await running.start(port);
    const collector = await StandInCollector.connect(running.socket);
    collector.send(frame(1));
    await collector.until(() => collector.acknowledged === 1);
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(wrong.requests.length, 0);
    await wrong.close();
    const right = new StandInHub(files);
    await right.listen(port);
    await right.until(() => right.frames.length === 1);
    await running.end();
    await right.close();
  });

  test(
    "the hub's filter plan reaches every collector, also one that comes after a restart without a hub",
    patience,
    async () => {
      const plan = { ...emptyFilterPlan, version: 4, open_names: ["shadow"] };
      const hub = new StandInHub(files);
      hub.reply = (frames) => ({ status: 200, body: { accepted: frames.length, duplicates: 0, filters: plan } });
      const running = new Running();
      const port = await hub.listen();
      await running.start(port);
      const collector = await StandInCollector.connect(running.socket);
      collector.send(frame(1));
      await collector.until(() => collector.plans.length === 1);
      const second = await StandInCollector.connect(running.socket);
      await second.until(() => second.plans.length === 1);
      await running.end();
      await hub.close();
      await running.start(port);
      const third = await StandInCollector.connect(running.socket);
      await third.until(() => third.plans.length === 1);
      assert.deepEqual([collector.plans, second.plans, third.plans], [[plan], [plan], [plan]]);
      await running.end();
    },
  );

  test("a stream that is not messages is closed, and the others go on", patience, async () => {
    const hub = new StandInHub(files);
    const running = new Running();
    await running.start(await hub.listen());
    const bad = await StandInCollector.connect(running.socket);
    const good = await StandInCollector.connect(running.socket);
    bad.write(Buffer.alloc(64, 0xff));
    await bad.until(() => bad.closed);
    good.send(frame(1));
    await hub.until(() => hub.frames.length === 1);
    await running.end();
    await hub.close();
  });

  test(
    "unusable arguments and a missing CA are said with their code; a credential may come later",
    patience,
    async () => {
      const running = new Running();
      const noCa = await running.start(1, { ca: join(root, "none") });
      assert.deepEqual([noCa.type, noCa.type === "failed" && noCa.code], ["failed", "USAGE"]);
      const child = fork(main, ["--socket", "x"], { stdio: ["ignore", "ignore", "ignore", "ipc"] });
      const [message] = (await once(child, "message")) as [PartMessage];
      assert.deepEqual([message.type, message.type === "failed" && message.code], ["failed", "USAGE"]);
      const hub = new StandInHub(files);
      const late = join(root, "late-credential");
      assert.equal((await running.start(await hub.listen(), { credential: late })).type, "ready");
      const collector = await StandInCollector.connect(running.socket);
      collector.send(frame(1));
      await collector.until(() => collector.acknowledged === 1);
      writeFileSync(late, "came-late");
      await hub.until(() => hub.frames.length === 1);
      assert.equal(hub.requests[0]?.authorization, "Bearer came-late");
      await running.end();
      await hub.close();
    },
  );
});
