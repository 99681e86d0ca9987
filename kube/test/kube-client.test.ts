import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { after, before, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { Fault } from "@atalaya/wire";
import { issueAuthority, issueServer } from "../../hub/src/tls/issue.ts";
import { apiPath, isGone, isNotFound, KubeClient, statusFault } from "../index.ts";
import { type TestServer, testServer } from "./test-server.ts";

let server: TestServer;
let handle: (request: IncomingMessage, response: ServerResponse) => void = (_, response) => response.end("{}");
before(async () => {
  server = await testServer((request, response) => handle(request, response));
});
after(() => server.close());

const client = (change = {}) =>
  new KubeClient({ url: server.url, serverName: undefined, access: server.access({ token: "t0", ...change }) });
const coded =
  (code: string, facts: object = {}) =>
  (error: unknown) => {
    assert.ok(error instanceof Fault, String(error));
    assert.equal(error.code, code, error.message);
    for (const [name, value] of Object.entries(facts)) assert.equal(error.facts[name], value);
    return true;
  };

test("a request carries method, query, token, body and its content type", async () => {
  let seen: unknown;
  handle = async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    const { authorization, accept, "content-type": type } = request.headers;
    seen = { method: request.method, url: request.url, authorization, accept, type, body };
    response.end('{"kind":"Pod"}');
  };
  const kube = client();
  const path = apiPath("api/v1/namespaces", "a b", "pods", "x/y");
  const call = { method: "PATCH", path, body: { a: 1 }, contentType: "application/merge-patch+json" } as const;
  assert.deepEqual(await kube.json({ ...call, query: { limit: 5, continue: undefined, watch: true } }), {
    kind: "Pod",
  });
  assert.deepEqual(seen, {
    method: "PATCH",
    url: "/api/v1/namespaces/a%20b/pods/x%2Fy?limit=5&watch=true",
    authorization: "Bearer t0",
    accept: "application/json",
    type: "application/merge-patch+json",
    body: '{"a":1}',
  });
  kube.close();
});

test("requests one after another share a connection", async () => {
  handle = (_, response) => response.end("{}");
  const kube = client();
  const before = server.connections();
  for (let i = 0; i < 5; i++) await kube.json({ path: "/version" });
  assert.equal(server.connections() - before, 1);
  kube.close();
});

test("a read on a kept connection that the server closed is asked once more, a change is not", async () => {
  let requests = 0;
  handle = (request, response) => {
    requests++;
    if (requests === 2) request.socket.destroy();
    else response.end("{}");
  };
  const kube = client();
  await kube.json({ path: "/version" });
  await kube.json({ path: "/version" });
  assert.equal(requests, 3);
  requests = 1;
  await assert.rejects(kube.json({ method: "POST", path: "/x", body: {} }), coded("KUBE_UNREACHABLE"));
  assert.equal(requests, 2);
  kube.close();
});

test("a refusal is told with the API server's reason, and with the status where it is none of its own", async () => {
  const status = { kind: "Status", code: 403, reason: "Forbidden", message: "pods is forbidden:\nUser x" };
  handle = (_, response) => response.writeHead(403).end(JSON.stringify(status));
  const kube = client();
  await assert.rejects(kube.json({ path: "/api/v1/pods" }), (error) => {
    assert.match((error as Error).message, /pods is forbidden: User x$/);
    return coded("KUBE_REFUSED", { status: 403, reason: "Forbidden", path: "/api/v1/pods" })(error);
  });
  handle = (_, response) => response.writeHead(502).end("<html>bad gateway</html>");
  await assert.rejects(kube.text({ path: "/x" }), coded("KUBE_REFUSED", { status: 502, reason: "" }));
  assert.ok(isGone(statusFault({ code: 410, reason: "Expired" }, "/x", 200)));
  assert.ok(isNotFound(statusFault(undefined, "/x", 404)));
  assert.ok(!isGone(new Error("410")));
  kube.close();
});

test("a token that was replaced is read again after a 401, once", async () => {
  let token = "old";
  let requests = 0;
  handle = (request, response) => {
    requests++;
    response.writeHead(request.headers.authorization === "Bearer new" ? 200 : 401).end("{}");
  };
  const kube = new KubeClient({ url: server.url, serverName: undefined, access: () => server.access({ token })() });
  await assert.rejects(kube.json({ path: "/x" }), coded("KUBE_REFUSED", { status: 401 }));
  assert.equal(requests, 1, "the same token is not shown twice");
  token = "new";
  assert.deepEqual(await kube.json({ path: "/x" }), {});
  assert.equal(requests, 3);
  kube.close();
});

test("a client certificate is shown", async () => {
  handle = (request, response) =>
    response.end(JSON.stringify((request.socket as TLSSocket).getPeerCertificate().subject.CN));
  const { certificate, key } = await issueServer(server.authority, ["client.test"], 3_600_000);
  const kube = client({ certificate, key });
  assert.equal(await kube.json({ path: "/" }), "Atalaya hub");
  kube.close();
});

test("a server that another authority vouches for is not spoken to", async () => {
  const other = await issueAuthority("another", 3_600_000);
  let asked = false;
  handle = (_, response) => {
    asked = true;
    response.end("{}");
  };
  const kube = client({ ca: other.certificate });
  await assert.rejects(kube.json({ path: "/" }), coded("KUBE_UNREACHABLE"));
  assert.equal(asked, false);
});

test("an answer that does not come, comes too slowly or is too large ends in time", async () => {
  handle = () => {};
  const kube = client();
  await assert.rejects(kube.json({ path: "/", timeoutMs: 50 }), coded("KUBE_UNREACHABLE", { path: "/" }));
  handle = (_, response) => void response.write("{");
  await assert.rejects(kube.json({ path: "/", timeoutMs: 50 }), coded("KUBE_UNREACHABLE"));
  handle = (_, response) => response.end(" ".repeat(1_000));
  await assert.rejects(kube.json({ path: "/", replyBytesMax: 999 }), coded("BODY_TOO_LARGE"));
  kube.close();
});

test("the caller's own signal ends a request with the caller's own reason", async () => {
  handle = () => {};
  const kube = client();
  const stop = new AbortController();
  const reason = new Error("enough");
  const asked = kube.json({ path: "/", signal: stop.signal });
  stop.abort(reason);
  await assert.rejects(asked, reason);
  kube.close();
});

test("a watch gives its lines as they come, past one that is no JSON, and ends with the server's end", async () => {
  handle = (_, response) => {
    response.write('{"type":"ADDED"');
    response.write('}\nnonsense\n{"type":"BOO');
    response.end('KMARK"}\n');
  };
  const kube = client();
  const lines: unknown[] = [];
  for await (const line of kube.lines({ path: "/api/v1/pods", query: { watch: 1 } })) lines.push(line);
  assert.deepEqual(lines, [
    { ok: true, value: { type: "ADDED" } },
    { ok: false, code: "BODY_MALFORMED", reason: "a line that is no JSON" },
    { ok: true, value: { type: "BOOKMARK" } },
  ]);
  kube.close();
});

test("a watch that breaks, falls silent or is left ends as what it is", async () => {
  handle = (request, response) => {
    response.write("{}\n");
    setImmediate(() => request.socket.destroy());
  };
  const kube = client();
  const read = async (call = {}) => {
    for await (const _ of kube.lines({ path: "/w", ...call }));
  };
  await assert.rejects(read(), coded("KUBE_UNREACHABLE"));
  handle = (_, response) => void response.write("{}\n");
  await assert.rejects(read({ quietMs: 50 }), coded("KUBE_UNREACHABLE"));
  const closed = new Promise<void>((done) => {
    handle = (request, response) => {
      request.socket.once("close", () => done());
      response.write("{}\n");
    };
  });
  for await (const _ of kube.lines({ path: "/w" })) break;
  await closed;
  kube.close();
});
