import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { KubeClient } from "@atalaya/kube";
import { decodeFrame, decodeInventory, type InventoryEvent, inventoryStatusSchema } from "@atalaya/wire";
import { encodeMessage, messageKinds } from "@atalaya/wire/framing";
import { type TestServer, testServer } from "../../kube/test/test-server.ts";
import { Counters } from "../../publisher/src/counters.ts";
import { FrameServer } from "../../publisher/src/frame-server.ts";
import { until } from "../../simulator/src/until.ts";
import { Inventory } from "../src/inventory.ts";
import { inventoryLimits } from "../src/limits.ts";

// The publisher's own socket server, and an API server that says what a real one does not when asked to; with a real one:
// e2e/cluster/inventory.cluster.test.ts.

let folder: string;
let api: TestServer;
let asked: string[];
let pods: object[];
let watches: Map<string, ServerResponse>;
let publisher: FrameServer | undefined;
let claims: string[];
let accepts: boolean;
let disk: "takes" | "is away";
let rows: InventoryEvent[];
let inventory: Inventory | undefined;
const said: string[] = [];

const pod = (name: string, phase = "Running", version = "1") => ({
  metadata: { name, uid: `uid-${name}`, namespace: "shop", resourceVersion: version },
  spec: { nodeName: "n1", containers: [{ name: "main", image: "nginx" }] },
  status: { phase },
});

function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? "", "https://x");
  asked.push(url.pathname);
  if (url.searchParams.has("watch")) {
    response.flushHeaders();
    watches.set(url.pathname, response);
    return;
  }
  const items = url.pathname === "/api/v1/pods" ? pods : [];
  response.end(JSON.stringify({ metadata: { resourceVersion: "10" }, items }));
}

function keep(frames: Buffer[]): Promise<void> {
  if (disk === "is away") return Promise.reject(new Error("the disk is full"));
  for (const bytes of frames) {
    const frame = decodeFrame(bytes);
    assert.ok(frame.ok);
    assert.deepEqual([frame.value.header.node, frame.value.header.cluster], ["n1", "shop"]);
    const events = decodeInventory(frame.value.body);
    assert.ok(events.ok);
    rows.push(...events.value);
  }
  return Promise.resolve();
}

async function startPublisher(): Promise<void> {
  publisher = new FrameServer({
    path: join(folder, "socket"),
    counters: new Counters(),
    keep,
    recorded: () => {},
    greeting: () => [],
    confirmed: () => {},
    claimed: (payload, reply) => {
      claims.push(JSON.parse(payload.toString()).token);
      const answered = accepts ? { accepted: true } : { accepted: false, reason: "it is of another namespace" };
      reply(encodeMessage(messageKinds.claimed, Buffer.from(JSON.stringify(answered))));
    },
  });
  await publisher.listen();
}

function start(): Promise<number> {
  const ready = Promise.withResolvers<number>();
  const client = new KubeClient({ url: api.url, serverName: undefined, access: api.access({ token: "t" }) });
  const names = { node: "n1", cluster: "shop", socket: join(folder, "socket"), tokenFile: join(folder, "token") };
  inventory = new Inventory({ client, ...names, say: (line) => void said.push(line) }, ready.resolve);
  inventory.ended.catch(ready.reject);
  return ready.promise;
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "atalaya-inventory-"));
  writeFileSync(join(folder, "token"), "the-token\n");
  [asked, pods, claims, rows, watches] = [[], [pod("a"), pod("b")], [], [], new Map()];
  [accepts, disk] = [true, "takes"];
  said.length = 0;
  api = await testServer(answer);
});
afterEach(async () => {
  await inventory?.stop();
  await publisher?.close();
  publisher = undefined;
  await api.close();
  rmSync(folder, { recursive: true });
});

const told = (activity: InventoryEvent["activity"]) => rows.filter((row) => row.activity === activity);
const news = async (type: string, object: object) => {
  await until("the pods' watch", () => watches.has("/api/v1/pods"), 5_000);
  watches.get("/api/v1/pods")?.write(`${JSON.stringify({ type, object })}\n`);
};

test("nothing is read before the hub lets this node send; then every kind is told whole, in order, and how it went", async () => {
  accepts = false;
  await startPublisher();
  const ready = start();
  await until("the refusal", () => inventory?.obstacle?.includes("another namespace") ?? false, 5_000);
  assert.deepEqual([asked, claims], [[], ["the-token"]]);
  accepts = true;
  assert.equal(await ready, 2);
  await until("the status", () => told("status").length > 0, 5_000);
  assert.deepEqual(
    told("put").map(({ uid, generation, k8s_namespace }) => [uid, generation, k8s_namespace]),
    [
      ["uid-a", 1, "shop"],
      ["uid-b", 1, "shop"],
    ],
  );
  assert.equal(told("complete").length, 16);
  assert.deepEqual(
    rows.map(({ position }) => position),
    rows.map((_, i) => i + 1),
  );
  assert.ok(rows.every(({ epoch_us }) => Math.abs((epoch_us ?? 0) - Date.now() * 1_000) < 30_000_000));
  const status = inventoryStatusSchema.parse(JSON.parse(told("status").at(-1)?.facts ?? ""));
  assert.partialDeepStrictEqual(
    status.kinds.find(({ kind }) => kind === "Pod"),
    { listed: 2, lists: 1, gone: 0 },
  );
  assert.equal(inventory?.obstacle, undefined);
  assert.equal(
    asked.some((path) => path.includes("secrets")),
    false,
  );
});

test("a change is told, one that changes nothing of what is kept is not, and a deletion ends the object", async () => {
  await startPublisher();
  await start();
  await until("the lists' end", () => told("complete").length === 16, 5_000);
  rows.length = 0;
  await news("MODIFIED", pod("a", "Running", "11"));
  await news("MODIFIED", pod("b", "Failed", "12"));
  await news("ADDED", pod("c", "Pending", "13"));
  await news("DELETED", pod("a", "Running", "14"));
  await until("the deletion", () => told("gone").length > 0, 5_000);
  assert.deepEqual(
    rows.filter(({ activity }) => activity !== "status").map(({ activity, uid }) => [activity, uid]),
    [
      ["put", "uid-b"],
      ["put", "uid-c"],
      ["gone", "uid-a"],
    ],
  );
});

test("what the publisher did not put on disk is sent again when it is back, and it is told of a claim again", async () => {
  await startPublisher();
  await start();
  disk = "is away";
  await news("ADDED", pod("c"));
  await until("a second claim", () => claims.length > 1, 5_000);
  assert.equal(
    told("put").some(({ uid }) => uid === "uid-c"),
    false,
  );
  disk = "takes";
  await until("the pod", () => told("put").some(({ uid }) => uid === "uid-c"), 15_000);
});

test("while nobody takes what it says, it stops reading from the API server instead of growing", async () => {
  pods = Array.from({ length: 3_000 }, (_, i) => pod(`p${i}`));
  await startPublisher();
  const held = Promise.withResolvers<void>();
  const kept: Buffer[] = [];
  const slow = publisher;
  await slow?.close();
  publisher = new FrameServer({
    path: join(folder, "socket"),
    counters: new Counters(),
    keep: (frames) => {
      kept.push(...frames);
      return held.promise.then(() => keep(frames));
    },
    recorded: () => {},
    greeting: () => [],
    confirmed: () => {},
    claimed: (_, reply) => reply(encodeMessage(messageKinds.claimed, Buffer.from('{"accepted":true}'))),
  });
  await publisher.listen();
  const ready = start();
  const bytes = () => kept.reduce((sum, frame) => sum + frame.length, 0);
  await until("the window", () => bytes() >= inventoryLimits.unacknowledgedBytesMax, 10_000);
  const before = bytes();
  await new Promise((done) => setTimeout(done, inventoryLimits.gatherMs * 2));
  assert.ok(bytes() <= before + inventoryLimits.frameBytesMax + 4_096, `${bytes()} after ${before}`);
  held.resolve();
  assert.equal(await ready, 3_000);
});
