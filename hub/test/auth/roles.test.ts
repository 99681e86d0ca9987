import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { exampleAlert } from "../in-memory-core.ts";
import { TestHub } from "../test-hub.ts";

let hub: TestHub;
const tokens: Record<string, string> = {};
before(async () => {
  hub = await TestHub.start();
  hub.core.commit(exampleAlert());
  for (const role of ["viewer", "analyst", "admin"] as const) {
    await hub.addAccount(role, "secret", role);
    const body = { user: role, password: "secret", name: "test" };
    tokens[role] = String((await hub.call("POST", "/api/v1/tokens", { body })).json["token"]);
  }
});
after(() => hub.stop());

const setting = { enabled: false, url: "", shape: "json", min_severity: "low", stdout: false, file: null };
/** Every route behind a sign-in: the least role, and the status that this role gets. */
const routes: [method: string, path: string, least: "viewer" | "analyst" | "admin", status: number, body?: unknown][] =
  [
    ["GET", "/api/v1/session", "viewer", 200],
    ["GET", "/api/v1/alerts", "viewer", 200],
    ["GET", "/api/v1/alerts/a-1", "viewer", 200],
    ["POST", "/api/v1/alerts/a-1/actions", "analyst", 200, { action: "acknowledge" }],
    ["POST", "/api/v1/test-alert", "analyst", 200],
    ["GET", "/api/v1/rules", "viewer", 200],
    ["GET", "/api/v1/filter-plan", "viewer", 200],
    ["GET", "/api/v1/rules/web_shell", "viewer", 200],
    ["PUT", "/api/v1/rules/web_shell/enabled", "admin", 200, { enabled: true }],
    ["GET", "/api/v1/sensors", "viewer", 200],
    ["GET", "/api/v1/status", "viewer", 200],
    ["GET", "/api/v1/notification", "admin", 200],
    ["PUT", "/api/v1/notification", "admin", 200, setting],
    ["POST", "/api/v1/notification/test", "admin", 200],
    ["GET", "/api/v1/drift-policy", "viewer", 200],
    ["PUT", "/api/v1/drift-policy", "admin", 200, { rules: [] }],
    ["GET", "/api/v1/recorder-policy", "viewer", 200],
    ["PUT", "/api/v1/recorder-policy", "admin", 200, { scopes: [] }],
    ["GET", "/api/v1/alerts/a-1/recording", "viewer", 404],
    ["GET", "/api/v1/audit-policy", "viewer", 200],
    ["GET", "/api/v1/audit-credentials", "admin", 200],
    ["POST", "/api/v1/audit-credentials", "admin", 200, { cluster: "shop" }],
    ["POST", "/api/v1/audit-credentials/kubeconfig", "admin", 200, { cluster: "shop" }],
    ["DELETE", "/api/v1/audit-credentials/none", "admin", 404],
    ["POST", "/api/v1/backups", "admin", 200],
    ["GET", "/api/v1/nodes", "viewer", 200],
    ["GET", "/api/v1/changes", "admin", 200],
    ["GET", "/api/v1/accounts", "admin", 200],
    ["POST", "/api/v1/accounts", "admin", 200, { user: "guest", role: "viewer" }],
    ["DELETE", "/api/v1/accounts/none", "admin", 404],
    ["GET", "/api/v1/tokens", "viewer", 200],
    ["DELETE", "/api/v1/tokens/0123456789abcdef", "viewer", 404],
    ["GET", "/api/v1/workspaces", "admin", 200],
    ["POST", "/api/v1/workspaces", "admin", 200, { workspace: "other" }],
    ["GET", "/api/v1/processes", "viewer", 200],
    ["GET", "/api/v1/ledger", "viewer", 200],
    ["GET", "/api/v1/inventory/clusters", "viewer", 200],
    ["GET", "/api/v1/inventory/namespaces", "viewer", 200],
    ["GET", "/api/v1/inventory/workloads", "viewer", 200],
    ["GET", "/api/v1/inventory/pods", "viewer", 200],
    ["GET", "/api/v1/inventory/objects", "viewer", 200],
    ["GET", "/api/v1/inventory/objects/none/none", "viewer", 404],
    ["POST", "/api/v1/nodes/none/revoke", "admin", 404],
    ["GET", "/api/v1/clusters", "viewer", 200],
    ["PUT", "/api/v1/clusters/none", "admin", 204, { issuer: "i", jwks: '{"keys":[{"kty":"EC"}]}' }],
    ["DELETE", "/api/v1/clusters/none", "admin", 204],
    ["GET", "/api/v1/enrolment-tokens", "admin", 200],
    ["POST", "/api/v1/enrolment-tokens", "admin", 200, { cluster: "shop" }],
    ["DELETE", "/api/v1/enrolment-tokens/none", "admin", 404],
  ];
const ranks = ["viewer", "analyst", "admin"];

test("each route takes its least role and those above, and refuses the rest and strangers", async () => {
  for (const [method, path, least, status, body] of routes) {
    const call = (authorization?: string) => hub.call(method, path, { body, headers: { authorization } });
    assert.equal((await call()).status, 401, `${method} ${path} by a stranger`);
    assert.equal((await call("Bearer atlt_wrong")).status, 401, `${method} ${path} by a wrong token`);
    for (const [rank, role] of ranks.entries()) {
      const expected = rank >= ranks.indexOf(least) ? status : 403;
      assert.equal((await call(`Bearer ${tokens[role]}`)).status, expected, `${method} ${path} by ${role}`);
    }
  }
});

test("a refusal names the role that is needed", async () => {
  const headers = { authorization: `Bearer ${tokens["viewer"]}` };
  const answer = await hub.call("POST", "/api/v1/test-alert", { headers });
  assert.equal(answer.json["message"], "This needs the role analyst; you have the role viewer");
});

test("a stream is for the signed in only", async () => {
  assert.equal((await hub.call("GET", "/api/v1/stream")).status, 401);
});

test("no route that the document lists is missing from the table of roles", async () => {
  const document = (await hub.call("GET", "/openapi.json")).json as { paths: Record<string, Record<string, unknown>> };
  const listed = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{.*?\}/g, "*")}`),
  );
  const open = [
    "POST /api/v1/login",
    "POST /api/v1/tokens",
    "GET /healthz",
    "GET /metrics",
    "GET /openapi.json",
    "GET /v1/ca",
    "POST /v1/enroll",
    "POST /v1/enroll/renew",
  ];
  const elsewhere = [
    "POST /api/v1/logout",
    "GET /api/v1/stream",
    "POST /v1/ingest",
    "POST /v1/recorded/*",
    "POST /v1/sync",
    "POST /v1/audit/*",
  ];
  const here = routes.map(
    ([method, path]) => `${method} ${path.replace(/(?<=\/)(a-1|web_shell|none|0123456789abcdef)(?=\/|$)/g, "*")}`,
  );
  assert.deepEqual(listed.toSorted(), [...open, ...elsewhere, ...here].toSorted());
});
