import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { TestHub } from "../test-hub.ts";

let hub: TestHub;
let cookie = "";
before(async () => {
  hub = await TestHub.start();
  await hub.addAccount("ana", "correct horse", "admin");
  cookie = await hub.cookie("ana", "correct horse");
});
after(() => hub.stop());

const change = (headers: Record<string, string>) =>
  hub.call("POST", "/api/v1/test-alert", { headers: { cookie, ...headers } });

test("a change that rides on the cookie alone is refused", async () => {
  const answer = await change({});
  assert.deepEqual([answer.status, answer.json["code"]], [403, "FORBIDDEN"]);
  assert.match(String(answer.json["message"]), /x-atalaya-csrf: 1/);
});

test("a change from another site is refused even with the header", async () => {
  const answer = await change({ origin: "https://evil.example", "x-atalaya-csrf": "1" });
  assert.equal(answer.status, 403);
});

test("a change of an opaque origin is refused", async () => {
  assert.equal((await change({ origin: "null", "x-atalaya-csrf": "1" })).status, 403);
});

test("our own page may change things, shown by header or by Origin", async () => {
  assert.equal((await change({ "x-atalaya-csrf": "1" })).status, 200);
  assert.equal((await change({ origin: hub.hub.url })).status, 200);
});

test("a token needs no header, because no browser sends it by itself", async () => {
  assert.equal((await hub.admin("POST", "/api/v1/test-alert")).status, 200);
});

test("reading needs no header", async () => {
  assert.equal((await hub.call("GET", "/api/v1/session", { headers: { cookie } })).status, 200);
});

test("another site cannot sign a browser in", async () => {
  const body = { user: "ana", password: "correct horse" };
  const answer = await hub.call("POST", "/api/v1/login", { body, headers: { origin: "https://evil.example" } });
  assert.equal(answer.status, 403);
  assert.equal(answer.headers["set-cookie"], undefined);
});

test("a form of another site cannot speak to the API: text/plain is no JSON", async () => {
  const headers = { cookie, "x-atalaya-csrf": "1", "content-type": "text/plain" };
  const raw = Buffer.from('{"enabled":false}');
  const answer = await hub.call("PUT", "/api/v1/rules/web_shell/enabled", { raw, headers });
  assert.deepEqual([answer.status, answer.json["code"]], [415, "BODY_ENCODING"]);
});

test("no answer grants another site access", async () => {
  const answer = await hub.call("OPTIONS", "/api/v1/alerts", { headers: { origin: "https://evil.example" } });
  assert.equal(answer.headers["access-control-allow-origin"], undefined);
});
