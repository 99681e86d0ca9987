import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect as connectPlain } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect } from "node:tls";
import { TestHub } from "../test-hub.ts";

let hub: TestHub;
let web = "";
before(async () => {
  web = await mkdtemp(join(tmpdir(), "atalaya-web-"));
  await mkdir(join(web, "assets"));
  await writeFile(join(web, "index.html"), "<!doctype html><title>Atalaya</title>");
  await writeFile(join(web, "assets", "page-1a2b.js"), "export {};");
  hub = await TestHub.start(["--web", web]);
});
after(async () => {
  await hub.stop();
  await rm(web, { recursive: true, force: true });
});

test("the connection is TLS 1.3, vouched for by the hub's own authority", async () => {
  const { hostname: host, port } = new URL(hub.hub.url);
  const socket = connect({ host, port: Number(port), ca: hub.read("hub/ca.pem"), servername: "localhost" });
  await once(socket, "secureConnect");
  assert.equal(socket.authorized, true);
  assert.equal(socket.getProtocol(), "TLSv1.3");
  socket.destroy();
});

test("an older TLS is refused", async () => {
  const { hostname: host, port } = new URL(hub.hub.url);
  const socket = connect({ host, port: Number(port), rejectUnauthorized: false, maxVersion: "TLSv1.2" });
  const [error] = await once(socket, "error");
  assert.match(String(error.code ?? error.message), /PROTOCOL_VERSION|ECONNRESET|SSL/);
});

test("plain http gets no answer", async () => {
  const { hostname: host, port } = new URL(hub.hub.url);
  const socket = connectPlain({ host, port: Number(port) });
  socket.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  let text = "";
  socket.on("data", (part) => {
    text += part.toString("latin1");
  });
  socket.on("error", () => {});
  await once(socket, "close");
  assert.equal(text.includes("200"), false);
});

test("every answer carries the protective headers, pages and refusals alike", async () => {
  for (const path of ["/", "/assets/page-1a2b.js", "/api/v1/alerts", "/nothing.txt", "/healthz"]) {
    const { headers } = await hub.call("GET", path);
    const policy = String(headers["content-security-policy"]);
    assert.match(policy, /default-src 'none'/, path);
    assert.match(policy, /script-src 'self'(;|$)/, path);
    assert.match(policy, /frame-ancestors 'none'/, path);
    assert.equal(headers["x-content-type-options"], "nosniff", path);
    assert.equal(headers["x-frame-options"], "DENY", path);
    assert.equal(headers["referrer-policy"], "no-referrer", path);
  }
});

test("answers of the API are kept by no cache", async () => {
  assert.equal((await hub.admin("GET", "/api/v1/alerts")).headers["cache-control"], "no-store");
});

test("strict transport security is asked for by name, not on this machine's own names", async () => {
  const local = await hub.call("GET", "/healthz");
  assert.equal(local.headers["strict-transport-security"], undefined);
  const named = await hub.call("GET", "/healthz", { headers: { host: "hub.example" } });
  assert.equal(named.headers["strict-transport-security"], "max-age=31536000");
});

test("the page answers at every place inside it", async () => {
  for (const path of ["/", "/alerts/a-1?tab=why", "/rules", "/login"]) {
    const answer = await hub.call("GET", path);
    assert.equal(answer.status, 200, path);
    assert.match(answer.text, /<title>Atalaya/, path);
    assert.match(String(answer.headers["cache-control"]), /max-age=0/, path);
  }
});

test("assets last, and missing ones are missing", async () => {
  const asset = await hub.call("GET", "/assets/page-1a2b.js");
  assert.equal(asset.status, 200);
  assert.match(String(asset.headers["content-type"]), /javascript/);
  assert.match(String(asset.headers["cache-control"]), /immutable/);
  assert.equal((await hub.call("GET", "/assets/page-old.js")).status, 404);
  assert.equal((await hub.call("GET", "/favicon.ico")).status, 404);
});

test("no path leads out of the page's folder", async () => {
  await writeFile(join(web, "..", "atalaya-outside.txt"), "outside");
  for (const path of [
    "/../atalaya-outside.txt",
    "/..%2fatalaya-outside.txt",
    "/assets/..%2f..%2fatalaya-outside.txt",
    "/%2e%2e/atalaya-outside.txt",
  ]) {
    const answer = await hub.call("GET", path);
    assert.equal(answer.text.includes("outside"), false, path);
  }
  await rm(join(web, "..", "atalaya-outside.txt"));
});

test("what is no route of the API is refused as JSON, by every method", async () => {
  for (const method of ["GET", "POST", "DELETE"]) {
    const answer = await hub.admin(method, "/api/v1/nothing");
    assert.deepEqual([answer.status, answer.json["code"]], [404, "NOT_FOUND"], method);
  }
});

test("figures are open to this machine alone, and not to what a proxy brings", async () => {
  const local = await hub.call("GET", "/metrics");
  assert.equal(local.status, 200);
  assert.match(local.text, /atalaya_http_requests_total\{/);
  assert.match(local.text, /atalaya_core_test 1/);
  const proxied = await hub.call("GET", "/metrics", { headers: { "x-forwarded-for": "203.0.113.9" } });
  assert.equal(proxied.status, 401);
  const wrong = await hub.call("GET", "/metrics", { headers: { authorization: "Bearer atlt_wrong" } });
  assert.equal(wrong.status, 401);
});
