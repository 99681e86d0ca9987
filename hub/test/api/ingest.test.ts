import assert from "node:assert/strict";
import { request } from "node:https";
import { after, before, beforeEach, test } from "node:test";
import { Fault, limits } from "@atalaya/wire";
import { serverLimits } from "../../src/server/limits.ts";
import { execEvent, packed, processFrame } from "../frames.ts";
import { TestHub } from "../test-hub.ts";

let hub: TestHub;
let auditToken = "";
before(async () => {
  hub = await TestHub.start();
  const made = await hub.admin("POST", "/api/v1/audit-credentials", { cluster: "shop" });
  auditToken = String(made.json["token"]);
});
beforeEach(() => {
  hub.core.ingestFault = undefined;
});
after(() => hub.stop());

const good = packed(processFrame([execEvent(), execEvent({ pid: 43 })]));
const ingest = async (raw: Buffer, headers: Record<string, string | undefined> = {}) =>
  hub.call("POST", "/v1/ingest", { raw, headers, agent: await hub.sensor() });

test("frames reach the pipeline with their sender, and the answer carries the filter plan", async () => {
  const answer = await ingest(good, { "content-type": "application/zstd" });
  assert.equal(answer.status, 200);
  assert.partialDeepStrictEqual(answer.json, { accepted: 1, duplicates: 0, filters: { version: 7 } });
  const [request] = hub.core.ingested.slice(-1);
  assert.equal(request?.sender.cluster, "local");
  assert.equal(request?.frames[0]?.header.eventCount, 2);
});

test("a body without a content type is taken too", async () => {
  assert.equal((await ingest(good)).status, 200);
});

test("no frames at all is a good way to ask for the filter plan", async () => {
  const answer = await ingest(packed(Buffer.alloc(0)));
  assert.partialDeepStrictEqual(answer.json, { accepted: 0, filters: { version: 7 } });
});

const unknownClass = processFrame([execEvent()]);
unknownClass[6] = 99;
const newerVersion = processFrame([execEvent()]);
newerVersion[4] = 9;
const damaged = processFrame([execEvent()]);
damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
const refusals: [what: string, body: () => Buffer, status: number, code: string][] = [
  ["a body that is not zstd", () => Buffer.from("hello, this is not zstd"), 415, "BODY_ENCODING"],
  ["an empty body", () => Buffer.alloc(0), 415, "BODY_ENCODING"],
  ["a zstd body cut short", () => good.subarray(0, good.length - 4), 415, "BODY_ENCODING"],
  ["bytes that are no frame", () => packed(Buffer.alloc(200, 7)), 400, "FRAME_MALFORMED"],
  ["a frame whose checksum is wrong", () => packed(damaged), 400, "FRAME_MALFORMED"],
  ["a frame with an unknown class", () => packed(unknownClass), 400, "FRAME_CLASS"],
  [
    "a body of more events than one request may bring",
    () => packed(Buffer.concat(Array.from({ length: limits.ingestFramesMax + 1 }, () => processFrame([])))),
    413,
    "BODY_TOO_LARGE",
  ],
  ["a frame of a newer version", () => packed(newerVersion), 426, "FRAME_VERSION"],
  [
    "a body that unpacks to too much",
    () => packed(Buffer.alloc(limits.ingestUnpackedBytesMax + 1)),
    413,
    "BODY_TOO_LARGE",
  ],
  ["a body that is too large as it is", () => Buffer.alloc(limits.ingestBodyBytesMax + 1), 413, "BODY_TOO_LARGE"],
];

test("each wrong body is refused with its code and a sentence, and nothing of it reaches the pipeline", async () => {
  const before = hub.core.ingested.length;
  for (const [what, body, status, code] of refusals) {
    const answer = await ingest(body()).catch((error: NodeJS.ErrnoException) => {
      throw new Error(`${what}: ${error.code}`, { cause: error });
    });
    assert.deepEqual([answer.status, answer.json["code"]], [status, code], what);
    assert.ok(String(answer.json["message"]).length > 10, what);
  }
  assert.equal(hub.core.ingested.length, before);
});

test("without a node's certificate nothing is taken, whatever else is shown", async () => {
  const others = [undefined, "Basic YTpi", `Bearer ${auditToken}`, `Bearer ${hub.adminToken}`];
  for (const authorization of others) {
    const answer = await hub.call("POST", "/v1/ingest", { raw: good, headers: { authorization } });
    assert.deepEqual([answer.status, answer.json["code"]], [401, "CREDENTIAL_MISSING"]);
  }
});

test("a frame that names another node, cluster or workspace than its certificate is refused", async () => {
  const before = hub.core.ingested.length;
  for (const names of [{ node: "other" }, { cluster: "other" }, { workspace: "other" }]) {
    const answer = await ingest(
      packed(Buffer.concat([processFrame([execEvent()]), processFrame([execEvent()], names)])),
    );
    assert.deepEqual([answer.status, answer.json["code"]], [403, "IDENTITY_MISMATCH"], JSON.stringify(names));
  }
  assert.equal(hub.core.ingested.length, before);
  assert.equal((await ingest(packed(processFrame([execEvent()], { workspace: "default" })))).status, 200);
});

test("a stranger's body is refused before it is read", async () => {
  const status = await new Promise((done, failed) => {
    const sent = request(`${hub.hub.url}/v1/ingest`, {
      method: "POST",
      agent: hub.agent,
      headers: { "content-length": limits.ingestBodyBytesMax },
    });
    sent.on("response", (answer) => done(answer.statusCode));
    sent.on("error", failed);
    sent.write("x");
  });
  assert.equal(status, 401);
});

test("a busy pipeline and a store that does not answer pass on as 429 with Retry-After, 503 and 507", async () => {
  hub.core.ingestFault = new Fault("BUSY", "full", { retry_after_s: 3 });
  const busy = await ingest(good);
  assert.deepEqual([busy.status, busy.headers["retry-after"]], [429, "3"]);
  hub.core.ingestFault = new Fault("STORE_UNREACHABLE", "gone");
  assert.equal((await ingest(good)).status, 503);
  hub.core.ingestFault = new Fault("DATA_UNWRITABLE", "the disk is full");
  assert.equal((await ingest(good)).status, 507);
});

test("our own mistake is 500 and tells nothing of itself", async () => {
  hub.core.ingestFault = new TypeError("secret detail") as unknown as Fault;
  const answer = await ingest(good);
  assert.deepEqual([answer.status, answer.json["code"]], [500, "INTERNAL"]);
  assert.equal(answer.text.includes("secret detail"), false);
});

test("too many bodies at one time are told to wait before they are read, and the places come back", async () => {
  const { cert, key } = (await hub.sensor()).options;
  const hold = () => {
    const headers = { "content-length": 1_000 };
    const sent = request(`${hub.hub.url}/v1/ingest`, {
      method: "POST",
      agent: false,
      ca: hub.read("hub/ca.pem"),
      cert,
      key,
      headers,
    });
    sent.on("error", () => {});
    return new Promise<typeof sent>((done) => sent.write("x", () => done(sent)));
  };
  const held = await Promise.all(Array.from({ length: serverLimits.bodiesInFlightMax }, hold));
  const refused = await untilStatus(429);
  assert.equal(refused.json["code"], "BUSY");
  assert.ok(Number(refused.headers["retry-after"]) >= 1);
  for (const sent of held) sent.destroy();
  await untilStatus(200);
});

/** The heads of held requests arrive a moment after they were written: asks again until the server has seen them. */
async function untilStatus(status: number) {
  for (let i = 0; ; i++) {
    const answer = await ingest(good);
    if (answer.status === status) return answer;
    assert.ok(i < 200, `never answered ${status}`);
  }
}
