// The hub's process among those who wish it ill. An honest sender goes on all the while; what is asserted of it is what
// we promise: each of its attacks is an alert within five seconds, and the hub's memory stays within a bound.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { get } from "node:https";
import { connect as connectPlain, type Socket } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { auditCredentialSchema } from "@atalaya/wire";
import { HonestSender } from "./hostile/honest-sender.ts";
import { HubProcess, type Shown } from "./hostile/hub-process.ts";
import { jsonBombs } from "./hostile/json-bombs.ts";
import { hugeHeads, smuggled } from "./hostile/raw-requests.ts";
import { zstdBombs } from "./hostile/zstd-bombs.ts";

const mib = 1024 * 1024;
const alertMsMax = 5_000;
/** Of the gibibyte that a hub has. */
const residentBytesMax = 900 * mib;

let hub: HubProcess;
let honest: HonestSender;
let node: Shown;
let [audit, restBytes] = ["", 0];
before(async () => {
  hub = await HubProcess.start();
  const credential = async (cluster: string) =>
    (await hub.client.post("/api/v1/audit-credentials", { cluster }, auditCredentialSchema)).token ?? "";
  audit = await credential("hostile");
  node = await hub.enrol("hostile");
  honest = new HonestSender(hub, await credential("honest"));
  restBytes = hub.residentBytes();
  honest.start();
});
after(() => hub.stop());

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test("bodies that unpack to a gigabyte are refused", async () => {
  const agent = hub.agent(4, node);
  for (const [what, body] of zstdBombs()) {
    const answers = Array.from({ length: 8 }, () => hub.send("/v1/ingest", body, { agent }));
    for (const { status, text } of await Promise.all(answers))
      assert.ok([400, 413, 415, 429].includes(status), `${what}: ${status} ${text}`);
  }
});

test("JSON that is made to cost is refused before it is parsed, and none of it changes what is parsed next", async () => {
  const agent = hub.agent(3);
  for (const [what, body] of jsonBombs()) {
    const gzip = body[0] === 0x1f ? { "content-encoding": "gzip" } : {};
    const headers = { ...bearer(audit), ...gzip };
    const answers = Array.from({ length: 3 }, () => hub.send("/v1/audit/hostile", body, { agent, headers }));
    for (const { status, text } of await Promise.all(answers))
      assert.ok([400, 413, 415, 429].includes(status), `${what}: ${status} ${text}`);
  }
});

test("ten thousand bodies of garbage are each answered with a refusal", async () => {
  const [ofNode, ofApiServer] = [hub.agent(4, node), hub.agent(4)];
  let seed = 1;
  const noise = (length: number) => {
    const bytes = Buffer.alloc(length);
    for (let i = 0; i < length; i++) {
      seed = (seed * 48_271) % 2_147_483_647;
      bytes[i] = seed & 0xff;
    }
    return bytes;
  };
  const statuses = new Map<number, number>();
  let left = 10_000;
  const one = async () => {
    while (left-- > 0) {
      const body = noise(left % 300);
      if (left % 3 === 0 && body.length >= 4) body.writeUInt32LE(0xfd2f_b528);
      const { status } =
        left % 2 === 0
          ? await hub.send("/v1/ingest", body, { agent: ofNode })
          : await hub.send("/v1/audit/hostile", body, { agent: ofApiServer, headers: bearer(audit) });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: 8 }, one));
  const known = [400, 415, 429];
  assert.deepEqual(
    [...statuses.keys()].filter((status) => !known.includes(status)),
    [],
    JSON.stringify([...statuses]),
  );
});

test("no shape of a request hides another one behind it, and heads have an end", async () => {
  for (const [what, bytes] of smuggled) {
    const text = await answerTo(bytes);
    assert.ok((text.match(/^HTTP\/1\.1 2/gm) ?? []).length <= (what === "no host" ? 0 : 1), `${what}: ${text}`);
    assert.doesNotMatch(text, /^HTTP\/1\.1 [^4].*[\s\S]*HTTP\/1\.1/, what);
  }
  for (const [what, bytes] of hugeHeads) assert.match(await answerTo(bytes), /^HTTP\/1\.1 4[03]1 /, what);
});

test("a thousand idle connections, slow heads and slow bodies leave a place for who has a credential", async () => {
  const { hostname: host, port } = hub.url;
  const plain: Socket[] = Array.from({ length: 500 }, () => connectPlain({ host, port: Number(port) }));
  for (const socket of plain) socket.on("error", () => {});
  const idle: TLSSocket[] = [];
  for (let i = 0; i < 10; i++) idle.push(...(await Promise.all(Array.from({ length: 50 }, () => hub.connect()))));
  const slow: TLSSocket[] = [];
  for (let i = 0; i < 80; i++) {
    const socket = await hub.connect(i % 2 === 0 ? node : {});
    const path = i % 2 === 0 ? "/v1/ingest" : "/v1/audit/hostile";
    const head = `POST ${path} HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer ${audit}\r\nContent-Length: 100000\r\n`;
    socket.write(i < 60 ? `${head}\r\n` : head);
    slow.push(socket);
  }
  const dripping = setInterval(() => {
    for (const socket of slow) if (!socket.destroyed) socket.write("x");
  }, 1_000);
  const before = honest.tookMs.length;
  await new Promise((done) => setTimeout(done, 8_000));
  clearInterval(dripping);
  assert.ok(
    honest.tookMs.length - before >= 5,
    `the honest sender got ${honest.tookMs.length - before} attacks through`,
  );
  for (const socket of [...plain, ...idle, ...slow]) socket.destroy();
});

test("guessing at passwords is slowed, and who is signed in goes on", async () => {
  const agent = hub.agent(32);
  const headers = { "content-type": "application/json" };
  const guess = (i: number) =>
    hub.send("/api/v1/login", Buffer.from(JSON.stringify({ user: `user-${i % 40}`, password: "x" })), {
      agent,
      headers,
    });
  const answers = await Promise.all(Array.from({ length: 400 }, (_, i) => guess(i)));
  const refused = answers.filter(({ status }) => status === 401).length;
  assert.ok(answers.every(({ status }) => status === 401 || status === 429));
  assert.ok(refused <= 40, `${refused} guesses were looked at`);
  assert.match(await hub.client.text("/api/v1/status"), /rules_enabled/);
});

test("streams that nobody reads hold no more than their share", async () => {
  const token = JSON.parse(readFileSync(join(hub.data, "client.json"), "utf8")).token as string;
  const agent = hub.agent(200);
  const open = Array.from({ length: 150 }, async () => {
    const url = new URL("/api/v1/stream?topics=alerts,sensors,events", hub.url);
    const sent = get(url, { agent, headers: { ...bearer(token), "last-event-id": "0" } });
    sent.on("error", () => {});
    const [answer] = await once(sent, "response");
    answer.on("error", () => {});
    answer.pause();
    return answer.statusCode as number;
  });
  const statuses = new Set(await Promise.all(open));
  assert.deepEqual([...statuses], [200]);
  await new Promise((done) => setTimeout(done, 2_000));
  agent.destroy();
});

test("after all of it, the hub is the same process, of bounded size, without a mistake of its own, and no attack is missing", async (t) => {
  await honest.stop();
  const slowest = Math.max(...honest.tookMs);
  t.diagnostic(`${honest.tookMs.length} attacks, the slowest in ${slowest.toFixed(0)} ms`);
  t.diagnostic(
    `resident ${(restBytes / mib).toFixed(0)} MiB at rest, ${(hub.residentMax / mib).toFixed(0)} MiB at most`,
  );
  assert.ok(hub.alive);
  assert.equal(hub.errors, "");
  assert.ok(honest.tookMs.length > 20);
  assert.ok(slowest < alertMsMax, `one took ${slowest.toFixed(0)} ms`);
  assert.deepEqual(await honest.missing(), []);
  assert.ok(hub.residentMax < residentBytesMax, `it held ${(hub.residentMax / mib).toFixed(0)} MiB`);
  assert.equal(Object.hasOwn(Object.prototype, "polluted"), false);
});

/** All that comes back for these bytes until the other side is silent or gone. */
async function answerTo(bytes: string): Promise<string> {
  const socket = await hub.connect();
  let text = "";
  socket.on("data", (part) => {
    text += part.toString("latin1");
  });
  socket.write(bytes);
  const quiet = new Promise((done) => setTimeout(done, 400));
  await Promise.race([new Promise((done) => socket.once("close", done)), quiet]);
  socket.destroy();
  return text;
}
