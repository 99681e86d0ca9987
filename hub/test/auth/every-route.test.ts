// Every route that the live document names, tried by everybody who should not: a route that the table below does not
// know fails the test.
import assert from "node:assert/strict";
import { test } from "node:test";
import { evilExec } from "../core/hub-fixture.ts";
import { packed, processFrame } from "../frames.ts";
import { publisherReport, type ServedHub, sendBytes, serveHub } from "../served-hub.ts";
import { everythingOf, makeTenant, type Tenant } from "./two-workspaces.ts";

/** Who at least; what this role of another workspace gets, asking for what is not its own; with which path and body. */
type Expected = {
  least: "open" | "viewer" | "analyst" | "admin" | "operator";
  status: number;
  path?: string;
  body?: unknown;
};
type Table = Record<string, Expected>;

const rule = "/api/v1/rules/Evil%20Program";
const setting = { enabled: false, url: "", shape: "json", min_severity: "low", stdout: false, file: null };

function tableFor(other: Tenant): Table {
  const alert = `/api/v1/alerts/${other.alertId}`;
  const wrong = { user: "admin", password: "wrong", workspace: other.name, name: "x" };
  return {
    "GET /healthz": { least: "open", status: 200 },
    "GET /openapi.json": { least: "open", status: 200 },
    "GET /v1/ca": { least: "open", status: 200 },
    "POST /api/v1/login": { least: "open", status: 401, body: wrong },
    "POST /api/v1/tokens": { least: "open", status: 401, body: wrong },
    "GET /api/v1/session": { least: "viewer", status: 200 },
    "GET /api/v1/alerts": { least: "viewer", status: 200 },
    "GET /api/v1/alerts/{alert_id}": { least: "viewer", status: 404, path: alert },
    "GET /api/v1/alerts/{alert_id}/recording": { least: "viewer", status: 404, path: `${alert}/recording` },
    "POST /api/v1/alerts/{alert_id}/actions": {
      ...{ least: "analyst", status: 404, path: `${alert}/actions`, body: { action: "resolve" } },
    },
    "POST /api/v1/test-alert": { least: "analyst", status: 200 },
    "GET /api/v1/rules": { least: "viewer", status: 200 },
    "GET /api/v1/filter-plan": { least: "viewer", status: 200 },
    "GET /api/v1/rules/{rule}": { least: "viewer", status: 200, path: rule },
    "PUT /api/v1/rules/{rule}/enabled": {
      least: "admin",
      status: 200,
      path: `${rule}/enabled`,
      body: { enabled: false },
    },
    "GET /api/v1/sensors": { least: "viewer", status: 200 },
    "GET /api/v1/status": { least: "viewer", status: 200 },
    "GET /api/v1/processes": { least: "viewer", status: 200 },
    "GET /api/v1/ledger": { least: "viewer", status: 200, path: `/api/v1/ledger?cluster=${other.cluster}` },
    ...Object.fromEntries(
      ["clusters", "namespaces", "workloads", "pods", "objects"].map((list) => [
        `GET /api/v1/inventory/${list}`,
        { least: "viewer", status: 200, path: `/api/v1/inventory/${list}?cluster=${other.cluster}` } as const,
      ]),
    ),
    "GET /api/v1/inventory/objects/{cluster}/{uid}": {
      ...{ least: "viewer", status: 404, path: `/api/v1/inventory/objects/${other.cluster}/${other.podUid}` },
    },
    "GET /api/v1/notification": { least: "admin", status: 200 },
    "PUT /api/v1/notification": { least: "admin", status: 200, body: setting },
    "POST /api/v1/notification/test": { least: "admin", status: 200 },
    "GET /api/v1/drift-policy": { least: "viewer", status: 200 },
    "GET /api/v1/recorder-policy": { least: "viewer", status: 200 },
    "PUT /api/v1/recorder-policy": { least: "admin", status: 200, body: { scopes: [] } },
    "PUT /api/v1/drift-policy": { least: "admin", status: 200, body: { rules: [] } },
    "GET /api/v1/audit-policy": { least: "viewer", status: 200 },
    "GET /api/v1/audit-credentials": { least: "admin", status: 200 },
    "POST /api/v1/audit-credentials": { least: "admin", status: 200, body: { cluster: "own" } },
    "POST /api/v1/audit-credentials/kubeconfig": { least: "admin", status: 200, body: { cluster: "own" } },
    "DELETE /api/v1/audit-credentials/{id}": {
      ...{ least: "admin", status: 404, path: `/api/v1/audit-credentials/${other.credentialId}` },
    },
    "GET /api/v1/nodes": { least: "viewer", status: 200 },
    "POST /api/v1/nodes/{id}/revoke": { least: "admin", status: 404, path: `/api/v1/nodes/${other.nodeId}/revoke` },
    "GET /api/v1/enrolment-tokens": { least: "admin", status: 200 },
    "POST /api/v1/enrolment-tokens": { least: "admin", status: 200, body: { cluster: "own" } },
    "DELETE /api/v1/enrolment-tokens/{id}": {
      ...{ least: "admin", status: 404, path: `/api/v1/enrolment-tokens/${other.enrolmentTokenId}` },
    },
    "GET /api/v1/clusters": { least: "viewer", status: 200 },
    "PUT /api/v1/clusters/{cluster}": {
      ...{ least: "admin", status: 204, path: "/api/v1/clusters/own" },
      body: { issuer: "https://own", jwks: '{"keys":[{"kty":"EC"}]}' },
    },
    "DELETE /api/v1/clusters/{cluster}": {
      least: "admin",
      status: 404,
      path: `/api/v1/clusters/keys-${other.name.length}`,
    },
    "GET /api/v1/changes": { least: "admin", status: 200 },
    "GET /api/v1/tokens": { least: "viewer", status: 200 },
    "DELETE /api/v1/tokens/{id}": { least: "viewer", status: 404, path: `/api/v1/tokens/${other.tokenId}` },
    "GET /api/v1/accounts": { least: "admin", status: 200 },
    "POST /api/v1/accounts": { least: "admin", status: 200, body: { user: "guest", role: "viewer" } },
    "DELETE /api/v1/accounts/{user}": {
      ...{ least: "admin", status: 404, path: `/api/v1/accounts/${other.name}-marker-viewer` },
    },
    "POST /api/v1/backups": { least: "operator", status: 403 },
    "GET /api/v1/workspaces": { least: "operator", status: 403 },
    "POST /api/v1/workspaces": { least: "operator", status: 403, body: { workspace: "third" } },
  };
}

/** Tried by tests of their own, below. */
const apart = [
  "GET /api/v1/stream",
  "POST /api/v1/logout",
  "GET /metrics",
  "POST /v1/enroll",
  "POST /v1/enroll/renew",
  "POST /v1/ingest",
  "POST /v1/recorded/{alert_id}",
  "POST /v1/sync",
  "POST /v1/audit/{cluster}",
];
const ranks = { viewer: 1, analyst: 2, admin: 3 } as const;

async function ask(hub: ServedHub, route: string, of: Expected, headers: Record<string, string>, agent = hub.agent) {
  const [method = "", pattern = ""] = route.split(" ");
  const body = of.body === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(of.body));
  const type = of.body === undefined ? {} : { "content-type": "application/json" };
  return await sendBytes(hub.client.url + (of.path ?? pattern), body, agent, { ...type, ...headers }, method);
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test("every route of the document is tried, and none shows or changes what is another workspace's", async (t) => {
  const hub = await serveHub(t);
  const [red, blue] = [await makeTenant(t, hub, "red"), await makeTenant(t, hub, "blue")];
  assert.ok(blue.alertId !== "" && blue.tokenId !== "" && blue.nodeId !== "");
  const table = tableFor(blue);
  const document = JSON.parse(await hub.client.text("/openapi.json")) as { paths: Record<string, object> };
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(routes.toSorted(), [...Object.keys(table), ...apart].toSorted(), "the table knows every route");
  const before = await everythingOf(blue);
  for (const [route, of] of Object.entries(table)) {
    const nobody = await ask(hub, route, of, {});
    assert.equal(nobody.status, of.least === "open" ? of.status : 401, `${route} by nobody`);
    if (of.least === "open") continue;
    const bySensor = await ask(hub, route, of, {}, blue.nodeAgent);
    assert.equal(bySensor.status, 401, `${route} by a sensor`);
    const byAudit = await ask(hub, route, of, bearer(blue.auditToken));
    assert.equal(byAudit.status, 401, `${route} by an audit credential`);
    for (const role of ["viewer", "scoped", "analyst", "admin"] as const) {
      const rank: number = ranks[role === "scoped" ? "viewer" : role];
      const least: number = of.least === "operator" ? ranks.admin : ranks[of.least];
      const { status, text } = await ask(hub, route, of, bearer(red.tokens[role]));
      const expected: number = rank >= least ? of.status : 403;
      assert.equal(status, expected, `${route} by ${role} of another workspace: ${text.slice(0, 200)}`);
      assert.equal(text.includes("blue"), false, `${route} tells ${role} of another workspace: ${text.slice(0, 300)}`);
    }
    // What is told of all workspaces is the hub's owner's.
    if (of.least === "operator") continue;
    const hubsOwner = await ask(hub, route, of, bearer(hub.token));
    assert.equal(
      hubsOwner.text.includes("blue-marker"),
      false,
      `${route} tells the hub's owner: ${hubsOwner.text.slice(0, 300)}`,
    );
  }
  assert.equal(await everythingOf(blue), before, "nothing of the other workspace was changed");
  assert.match(before, /blue-marker/);
});

test("what senders bring is of their own workspace alone, whoever they say they are", async (t) => {
  const hub = await serveHub(t);
  const [red, blue] = [await makeTenant(t, hub, "red"), await makeTenant(t, hub, "blue")];
  const before = await everythingOf(blue);
  const post = (path: string, body: Buffer, agent = hub.agent, headers = {}) =>
    sendBytes(hub.client.url + path, body, agent, headers);
  const json = { "content-type": "application/json" };
  const frame = (names: { node: string; cluster: string; workspace?: string }) =>
    packed(processFrame([evilExec()], names));
  const own = { node: red.node, cluster: red.cluster };
  for (const [names, status] of [
    [own, 200],
    [{ ...own, workspace: "red" }, 200],
    [{ ...own, workspace: "blue" }, 403],
    [{ ...own, node: blue.node }, 403],
    [{ ...own, cluster: blue.cluster }, 403],
    [{ node: blue.node, cluster: blue.cluster, workspace: "blue" }, 403],
  ] as const)
    assert.equal((await post("/v1/ingest", frame(names), red.nodeAgent)).status, status, JSON.stringify(names));
  const body = { publisher: publisherReport({}), confirmed: null, holds: 0, wait_s: 0 };
  const sync = Buffer.from(JSON.stringify(body));
  const list = Buffer.from(JSON.stringify({ kind: "EventList", apiVersion: "audit.k8s.io/v1", items: [] }));
  for (const [who, headers] of [
    ["nobody", {}],
    ["a person", bearer(red.tokens.admin)],
    ["an audit credential", bearer(red.auditToken)],
  ] as const) {
    assert.equal((await post("/v1/ingest", frame(own), hub.agent, headers)).status, 401, `ingest by ${who}`);
    assert.equal((await post("/v1/sync", sync, hub.agent, { ...json, ...headers })).status, 401, `sync by ${who}`);
    const expected = who === "an audit credential" ? 403 : 401;
    const audited = await post(`/v1/audit/${blue.cluster}`, list, hub.agent, { ...json, ...headers });
    assert.equal(audited.status, expected, `audit by ${who}`);
  }
  assert.equal((await post(`/v1/audit/${red.cluster}`, list, red.nodeAgent, json)).status, 401, "audit by a sensor");
  assert.equal((await post("/v1/sync", sync, red.nodeAgent, json)).status, 200);
  assert.equal(await everythingOf(blue), before);
});

test("the figures of all workspaces are for the hub's owner; a stream and a sign-out are one's own", async (t) => {
  const hub = await serveHub(t);
  const [red, blue] = [await makeTenant(t, hub, "red"), await makeTenant(t, hub, "blue")];
  const get = (path: string, token: string) =>
    sendBytes(hub.client.url + path, Buffer.alloc(0), hub.agent, bearer(token), "GET");
  assert.equal((await get("/metrics", red.tokens.admin)).status, 403);
  assert.equal((await get("/metrics", hub.token)).status, 200);
  const seen: string[] = [];
  const stop = new AbortController();
  const opened = Promise.withResolvers<void>();
  const own = Promise.withResolvers<void>();
  const following = red.client.follow(
    "alerts,sensors,events",
    {},
    (message) => {
      const text = JSON.stringify(message);
      seen.push(text);
      if (text.includes("red-marker") && text.includes("Evil")) own.resolve();
    },
    stop.signal,
    () => opened.resolve(),
  );
  await opened.promise;
  for (const { node, cluster, nodeAgent } of [blue, red])
    await sendBytes(
      `${hub.client.url}/v1/ingest`,
      packed(processFrame([evilExec({ argv: ["evil", "again"] })], { node, cluster })),
      nodeAgent,
    );
  await own.promise;
  stop.abort();
  await following;
  assert.equal(seen.join("\n").includes("blue"), false);
  const logout = { least: "viewer", status: 204 } as const;
  assert.equal((await ask(hub, "POST /api/v1/logout", logout, {})).status, 401);
  assert.equal((await ask(hub, "POST /api/v1/logout", logout, bearer(red.tokens.viewer))).status, 204);
  assert.equal((await get("/api/v1/session", red.tokens.viewer)).status, 401);
  assert.equal((await get("/api/v1/session", blue.tokens.viewer)).status, 200);
});

test("an account that is removed or given another role loses its sessions at once", async (t) => {
  const hub = await serveHub(t);
  const red = await makeTenant(t, hub, "red");
  const session = (token: string) =>
    sendBytes(`${hub.client.url}/api/v1/session`, Buffer.alloc(0), hub.agent, bearer(token), "GET");
  assert.equal((await session(red.tokens.analyst)).status, 200);
  const change = { least: "admin", status: 200, body: { user: "red-marker-analyst", role: "viewer" } } as const;
  assert.equal((await ask(hub, "POST /api/v1/accounts", change, bearer(red.tokens.admin))).status, 200);
  assert.equal((await session(red.tokens.analyst)).status, 401);
  assert.equal((await session(red.tokens.viewer)).status, 200);
  await red.client.delete(`/api/v1/tokens/${red.tokenId}`);
  assert.equal((await session(red.tokens.viewer)).status, 401);
  const own = { ...change, body: { user: "admin", role: "viewer" } };
  assert.equal((await ask(hub, "POST /api/v1/accounts", own, bearer(red.tokens.admin))).status, 400, "one's own");
});
