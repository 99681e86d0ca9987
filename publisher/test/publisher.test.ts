import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { emptyFilterPlan, messageKinds, openState, type PartMessage, type SyncRequest } from "@atalaya/wire";
import { frame, newerFrame } from "./made-frames.ts";
import { Running } from "./running.ts";
import { Authority, names } from "./stand-in-authority.ts";
import { StandInCollector } from "./stand-in-collector.ts";
import { StandInHub } from "./stand-in-hub.ts";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const patience = { timeout: 30_000 };
let authority: Authority;

before(async () => {
  authority = await Authority.make();
});

/** One counter of the last report that the hub was told. */
function counter(report: SyncRequest | undefined, name: string, reason: string): number {
  return report?.publisher.counters.find((one) => one.class === name && one.reason === reason)?.value ?? 0;
}

/** Runs `work` with a hub and a publisher of its own, and ends both. */
function withHub(work: (hub: StandInHub, running: Running) => Promise<void>): () => Promise<void> {
  return async () => {
    const hub = new StandInHub(authority);
    const running = new Running(authority);
    try {
      await work(hub, running);
    } finally {
      await running.remove();
      await hub.close();
    }
  };
}

describe("the publisher", () => {
  test(
    "frames go to the hub over TLS 1.3 with the node's certificate, and the socket is for owner and group",
    patience,
    withHub(async (hub, running) => {
      const ready = await running.start(await hub.listen());
      assert.equal(ready.type, "ready");
      assert.equal(statSync(running.socket).mode & 0o777, 0o660);
      const collector = await StandInCollector.connect(running.socket);
      collector.send(frame(1), frame(2, "file"), frame(3));
      await hub.until(() => hub.frames.length === 3);
      await collector.until(() => collector.acknowledged === 3);
      assert.deepEqual([hub.requests[0]?.protocol, hub.requests[0]?.node], ["TLSv1.3", "n"]);
      assert.deepEqual(hub.positions.toSorted(), [1, 2, 3]);
      assert.equal(await running.end(), 0);
    }),
  );

  test(
    "what was acknowledged survives kill -9 and is sent, oldest first, when the hub is there",
    patience,
    withHub(async (hub, running) => {
      const port = await hub.listen();
      await hub.close();
      await running.start(port);
      const collector = await StandInCollector.connect(running.socket);
      const frames = Array.from({ length: 200 }, (_, i) => frame(i * 10, i % 3 === 0 ? "file" : "process", 5));
      collector.send(...frames);
      await collector.until(() => collector.acknowledged === 200);
      await running.end("SIGKILL");
      await hub.listen(port);
      await running.start(port);
      await hub.until(() => hub.frames.length >= 200);
      const expected = frames.map((_, i) => i * 10);
      assert.deepEqual(
        [...new Set(hub.positions)].toSorted((a, b) => a - b),
        expected,
      );
      const life = hub.frames.filter((one) => one.header.class === "process").map((one) => one.header.firstPosition);
      assert.deepEqual(
        life,
        life.toSorted((a, b) => a - b),
      );
    }),
  );

  test(
    "a torn tail is cut and the whole records before it are sent",
    patience,
    withHub(async (hub, running) => {
      const port = await hub.listen();
      await hub.close();
      await running.start(port);
      const collector = await StandInCollector.connect(running.socket);
      collector.send(frame(1), frame(2));
      await collector.until(() => collector.acknowledged === 2);
      await running.end("SIGKILL");
      const [name = ""] = readdirSync(join(running.spool, "life")).filter((one) => one.endsWith(".spool"));
      const path = join(running.spool, "life", name);
      const whole = statSync(path).size;
      appendFileSync(path, Buffer.concat([Buffer.from("ATBK"), frame(3).subarray(0, 60)]));
      await hub.listen(port);
      await running.start(port);
      assert.equal(statSync(path).size, whole);
      const again = await StandInCollector.connect(running.socket);
      again.send(frame(4));
      await hub.until(() => hub.frames.length === 3);
      assert.deepEqual(hub.positions, [1, 2, 4]);
    }),
  );

  test(
    "429 waits as long as Retry-After says, and what waits is then sent once",
    patience,
    withHub(async (hub, running) => {
      let busy = 1;
      hub.reply = () => (busy-- > 0 ? { status: 429, headers: { "retry-after": "1" } } : { status: 200 });
      await running.start(await hub.listen());
      const collector = await StandInCollector.connect(running.socket);
      collector.send(frame(1));
      await hub.until(() => hub.requests.length === 1);
      collector.send(frame(2));
      await hub.until(() => hub.frames.length === 2);
      const [first, second] = hub.requests;
      assert.ok((second?.atMs ?? 0) - (first?.atMs ?? 0) >= 990, "it came back too early");
      assert.deepEqual(hub.positions, [1, 2]);
    }),
  );

  for (const [status, code] of [
    [400, "FRAME_CLASS"],
    [403, "IDENTITY_MISMATCH"],
  ] as const) {
    test(
      `a frame that the hub refuses for good (${code}) is given up alone; the ones around it arrive`,
      patience,
      withHub(async (hub, running) => {
        let gate = true;
        hub.reply = (frames) => {
          if (gate) return { status: 503, headers: { "retry-after": "0.3" } };
          const bad = frames.some((one) => one.header.firstPosition === 30);
          return bad ? { status, body: { code, message: "no" } } : { status: 200 };
        };
        await running.start(await hub.listen());
        const collector = await StandInCollector.connect(running.socket);
        collector.send(...[10, 20, 30, 40, 50].map((position) => frame(position, "process", 7)));
        await collector.until(() => collector.acknowledged === 5);
        await hub.until(() => hub.requests.length >= 1);
        gate = false;
        await hub.until(() => hub.frames.length === 4);
        assert.deepEqual(hub.positions, [10, 20, 40, 50]);
        await hub.until(() => counter(hub.syncs.at(-1), "process", "delivered") === 28);
        const said = hub.syncs.at(-1);
        const counts = ["received", "refused", "pending"].map((reason) => counter(said, "process", reason));
        assert.deepEqual(counts, [35, 7, 0]);
      }),
    );
  }

  test(
    "a hub with another CA is not talked to, it is said, and nothing is lost by it",
    patience,
    withHub(async (right, running) => {
      const wrong = new StandInHub(await Authority.make());
      const port = await wrong.listen();
      await running.start(port);
      const collector = await StandInCollector.connect(running.socket);
      collector.send(frame(1));
      await collector.until(() => collector.acknowledged === 1);
      await running.said("has another CA than this node trusts");
      assert.equal(wrong.requests.length, 0);
      await wrong.close();
      await right.listen(port);
      await right.until(() => right.frames.length === 1);
    }),
  );

  test(
    "a frame of a newer version is kept, waits for the hub's upgrade, and holds no older one back",
    patience,
    withHub(async (hub, running) => {
      await running.start(await hub.listen());
      const collector = await StandInCollector.connect(running.socket);
      collector.send(frame(1), frame(2), newerFrame(3), frame(4, "file"));
      await collector.until(() => collector.acknowledged === 4);
      await running.said("the hub is older than these frames");
      await hub.until(() => hub.frames.length === 3);
      assert.deepEqual(hub.positions.toSorted(), [1, 2, 4]);
      const told = hub.syncs.length;
      await hub.until(() => hub.syncs.length > told + 1);
      assert.equal(hub.syncs.at(-1)?.publisher.spool.frames, 1);
    }),
  );

  test(
    "the hub's filter plan reaches every collector, also one that comes after a restart without a hub",
    patience,
    withHub(async (hub, running) => {
      const plan = { ...emptyFilterPlan, version: 4, open_names: ["shadow"] };
      hub.reply = () => ({ status: 200, body: { accepted: 1, duplicates: 0, filters: plan } });
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
    }),
  );

  test(
    "a signed state goes down within a sync, what a collector answers goes up, and it holds without a hub",
    patience,
    withHub(async (hub, running) => {
      const port = await hub.listen();
      hub.want({ filters: { ...emptyFilterPlan, version: 9 } });
      await running.start(port);
      const collector = await StandInCollector.connect(running.socket);
      await collector.until(() => collector.states.length === 1);
      const [signed = { state: "", signature: "" }] = collector.states;
      const opened = openState(signed, authority.pem, { ...names, version: 0 });
      assert.ok(opened.ok && opened.value.filters.version === 9);
      collector.confirm({ version: 1 });
      await hub.until(() => hub.syncs.at(-1)?.confirmed?.version === 1);
      hub.want({ filters: { ...emptyFilterPlan, version: 10 } });
      await collector.until(() => collector.states.length === 2);
      await running.end("SIGKILL");
      await hub.close();
      await running.start(port);
      const later = await StandInCollector.connect(running.socket);
      await later.until(() => later.states.length === 1);
      assert.deepEqual(later.states, collector.states.slice(1));
      assert.deepEqual(later.kinds.slice(0, 2), [messageKinds.resume, messageKinds.state]);
    }),
  );

  test(
    "a state that the hub did not sign, or an older one, is refused, reported, and not handed on",
    patience,
    withHub(async (hub, running) => {
      const port = await hub.listen();
      hub.want({});
      hub.want({});
      await running.start(port);
      const collector = await StandInCollector.connect(running.socket);
      await collector.until(() => collector.states.length === 1);
      hub.reply = () => ({
        status: 200,
        body: { accepted: 1, duplicates: 0, state: { ...collector.states[0], signature: "AAAA" } },
      });
      collector.send(frame(1));
      await hub.until(() => hub.syncs.at(-1)?.confirmed?.refused !== undefined);
      assert.match(hub.syncs.at(-1)?.confirmed?.refused ?? "", /signature/);
      hub.state = { ...hub.state, version: 0 } as never;
      hub.want({});
      await hub.until(() => /older than 2/.test(hub.syncs.at(-1)?.confirmed?.refused ?? ""));
      assert.equal(collector.states.length, 1);
    }),
  );

  test(
    "a collector that comes again hears how far each ring is, and what it sends a second time is counted apart",
    patience,
    withHub(async (hub, running) => {
      const port = await hub.listen();
      await running.start(port);
      const first = await StandInCollector.connect(running.socket);
      assert.deepEqual(first.resume, { streams: [] });
      first.send(frame(100, "process", 10), frame(200, "file", 5));
      await first.until(() => first.acknowledged === 2);
      await hub.until(() => hub.frames.length === 2);
      await running.end("SIGKILL");
      await running.start(port);
      const second = await StandInCollector.connect(running.socket);
      const stream = { bootId: "0".repeat(32), layoutHash: "1".repeat(16) };
      assert.deepEqual(second.resume?.streams, [
        { ...stream, ring: 0, class: "process", lastPosition: 109 },
        { ...stream, ring: 1, class: "file", lastPosition: 204 },
      ]);
      second.send(frame(100, "process", 10), frame(105, "process", 10), frame(200, "file", 5));
      await second.until(() => second.acknowledged === 3);
      await hub.until(() => counter(hub.syncs.at(-1), "process", "delivered") === 20);
      const counts = ["received", "deduplicated", "pending"].map((one) => counter(hub.syncs.at(-1), "process", one));
      assert.deepEqual(counts, [30, 10, 0]);
    }),
  );

  test(
    "a second publisher on the same spool or the same socket is refused, and the first goes on",
    patience,
    withHub(async (hub, running) => {
      const port = await hub.listen();
      await running.start(port);
      for (const shared of ["socket", "spool"] as const) {
        const second = new Running(authority);
        second[shared] = running[shared];
        const told = await second.start(port);
        assert.equal(told.type === "failed" && told.code, "DATA_UNWRITABLE");
        assert.match(told.type === "failed" ? told.message : "", /nother publisher/);
        rmSync(second.folder, { recursive: true });
      }
      const collector = await StandInCollector.connect(running.socket);
      collector.send(frame(1));
      await hub.until(() => hub.frames.length === 1);
    }),
  );

  test(
    "a stream that is not messages is closed, and the others go on",
    patience,
    withHub(async (hub, running) => {
      await running.start(await hub.listen());
      const bad = await StandInCollector.connect(running.socket);
      const good = await StandInCollector.connect(running.socket);
      bad.write(Buffer.alloc(64, 0xff));
      await bad.until(() => bad.closed);
      good.send(frame(1));
      await hub.until(() => hub.frames.length === 1);
    }),
  );

  test("unusable arguments are said with their code", patience, async () => {
    const child = fork(main, ["--socket", "x"], { stdio: ["ignore", "ignore", "ignore", "ipc"] });
    const [message] = (await once(child, "message")) as [PartMessage];
    assert.deepEqual([message.type, message.type === "failed" && message.code], ["failed", "USAGE"]);
  });
});
