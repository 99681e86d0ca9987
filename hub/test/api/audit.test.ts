import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { limits } from "@atalaya/wire";
import { TestHub } from "../test-hub.ts";

let hub: TestHub;
let token = "";
let credentialId = "";
before(async () => {
  hub = await TestHub.start();
  const made = await hub.admin("POST", "/api/v1/audit-credentials", { cluster: "shop-eu" });
  token = String(made.json["token"]);
  credentialId = String(made.json["credential_id"]);
});
after(() => hub.stop());

const record = {
  kind: "Event",
  apiVersion: "audit.k8s.io/v1",
  level: "Metadata",
  auditID: "f2b0a6a0-4a3c-4d56-8e0f-3b3a6f6d2c11",
  stage: "ResponseComplete",
  requestURI: "/api/v1/namespaces/shop/pods/web-0/exec?command=sh",
  verb: "create",
  user: { username: "system:serviceaccount:shop:web", groups: ["system:authenticated"] },
  sourceIPs: ["10.1.2.3"],
  userAgent: "kubectl/v1.34.0",
  objectRef: { resource: "pods", namespace: "shop", name: "web-0", apiVersion: "v1", subresource: "exec" },
  responseStatus: { metadata: {}, code: 101 },
  requestReceivedTimestamp: "2026-01-02T03:04:05.000000Z",
  stageTimestamp: "2026-01-02T03:04:05.100000Z",
};
const list = { kind: "EventList", apiVersion: "audit.k8s.io/v1", metadata: {}, items: [record] };
const post = (raw: Buffer, headers: Record<string, string | undefined> = {}, cluster = "shop-eu") =>
  hub.call("POST", `/v1/audit/${cluster}`, {
    raw,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
  });
const json = (value: unknown) => Buffer.from(JSON.stringify(value));

test("an EventList reaches the pipeline, plain or gzip", async () => {
  assert.deepEqual((await post(json(list))).json, { accepted: 1, refused: 0 });
  const zipped = await post(gzipSync(json(list)), { "content-encoding": "gzip" });
  assert.deepEqual(zipped.json, { accepted: 1, refused: 0 });
  const [last] = hub.core.audited.slice(-1);
  assert.equal(last?.sender.cluster, "shop-eu");
  assert.partialDeepStrictEqual(last?.events[0], { class: "api", verb: "create", subresource: "exec" });
});

test("a record that cannot be read is counted and does not stop its list", async () => {
  const answer = await post(json({ ...list, items: [record, { nonsense: true }] }));
  assert.deepEqual(answer.json, { accepted: 1, refused: 1 });
  const metrics = await hub.call("GET", "/metrics");
  assert.match(metrics.text, /atalaya_audit_records_refused_total 1/);
});

test("a post of which nothing can be read is counted, too, by name", async () => {
  const refusedBefore = async () =>
    Number(/atalaya_audit_records_refused_total (\d+)/.exec((await hub.call("GET", "/metrics")).text)?.[1] ?? 0);
  const before = await refusedBefore();
  const deep = { ...record, user: { username: "a", extra: { a: Array.from({ length: 200_001 }, () => 1) } } };
  const posts = [json({ ...list, items: [{ nonsense: true }, 7, deep] }), Buffer.from("not json")];
  for (const body of posts) assert.equal((await post(body)).status, 400);
  assert.equal((await refusedBefore()) - before, 4);
  const lost = hub.core.audited.slice(-2).map((one) => one.lost);
  assert.deepEqual(lost, [
    { undecodable: 2, too_large: 1, cut: 0 },
    { undecodable: 1, too_large: 0, cut: 0 },
  ]);
});

test("a record of which something was cut is counted, and stands in the cluster's account", async () => {
  const cut = async () =>
    Number(/atalaya_audit_records_cut_total (\d+)/.exec((await hub.call("GET", "/metrics")).text)?.[1] ?? 0);
  const before = await cut();
  const long = { ...record, userAgent: "a".repeat(100_000) };
  // The beginning of a request is left out, and not counted twice.
  const begun = { ...long, stage: "RequestReceived" };
  assert.equal((await post(json({ ...list, items: [begun, long, record] }))).status, 200);
  assert.equal((await cut()) - before, 1);
  assert.deepEqual(hub.core.audited.at(-1)?.lost, { undecodable: 0, too_large: 0, cut: 1 });
});

test("what is no list, no JSON, no gzip or another encoding is refused", async () => {
  const codes: unknown[] = [];
  for (const answer of [
    await post(json({ kind: "EventList", items: 3 })),
    await post(Buffer.from("not json")),
    await post(json(list), { "content-encoding": "gzip" }),
    await post(json(list), { "content-encoding": "br" }),
    await post(gzipSync(Buffer.alloc(limits.auditBodyBytesMax + 1, 32)), { "content-encoding": "gzip" }),
  ]) {
    codes.push([answer.status, answer.json["code"]]);
  }
  const malformed = [400, "BODY_MALFORMED"];
  const encoding = [415, "BODY_ENCODING"];
  assert.deepEqual(codes, [malformed, malformed, encoding, encoding, [413, "BODY_TOO_LARGE"]]);
});

test("a credential speaks for its own cluster only", async () => {
  const answer = await post(json(list), {}, "another");
  assert.deepEqual([answer.status, answer.json["code"]], [403, "FORBIDDEN"]);
});

test("a sensor's credential is no audit credential", async () => {
  const answer = await hub.call("POST", "/v1/audit/shop", { raw: json(list), agent: await hub.sensor() });
  assert.deepEqual([answer.status, answer.json["code"]], [401, "CREDENTIAL_MISSING"]);
});

test("the kubeconfig carries address, authority and a credential that works", async () => {
  const path = "/api/v1/audit-credentials/kubeconfig?server=https://hub.example:8443";
  const answer = await hub.admin("POST", path, { cluster: "blue" });
  assert.equal(answer.status, 200);
  assert.match(String(answer.headers["content-type"]), /^text\/yaml/);
  assert.match(answer.text, /server: "https:\/\/hub\.example:8443\/v1\/audit\/blue"/);
  assert.ok(answer.text.includes(Buffer.from(hub.read("hub/ca.pem")).toString("base64")));
  const own = /token: "([^"]+)"/.exec(answer.text)?.[1];
  const posted = await post(json(list), { authorization: `Bearer ${own}` }, "blue");
  assert.deepEqual(posted.json, { accepted: 1, refused: 0 });
});

test("a kubeconfig for a plain-http address or an odd name is refused", async () => {
  const plain = await hub.admin("POST", "/api/v1/audit-credentials/kubeconfig?server=http://hub", { cluster: "a" });
  assert.equal(plain.status, 400);
  const odd = await hub.admin("POST", "/api/v1/audit-credentials", { cluster: 'x"\n  y: z' });
  assert.equal(odd.status, 400);
});

test("credentials are listed without their secrets", async () => {
  const answer = await hub.admin("GET", "/api/v1/audit-credentials");
  assert.ok(answer.text.includes(credentialId));
  assert.equal(answer.text.includes("token"), false);
});

test("a revoked credential is worthless at once, and revoking twice is told", async () => {
  assert.equal((await hub.admin("DELETE", `/api/v1/audit-credentials/${credentialId}`)).status, 204);
  const answer = await post(json(list));
  assert.deepEqual([answer.status, answer.json["code"]], [401, "CREDENTIAL_UNKNOWN"]);
  assert.equal((await hub.admin("DELETE", `/api/v1/audit-credentials/${credentialId}`)).status, 404);
});
