import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type ApiEvent, blankEvent, rings } from "@atalaya/wire";
import type { SenderIdentity } from "../../src/hub-core.ts";
import { frameOf, openTestHub, tempFolder } from "./hub-fixture.ts";

const apiServer: SenderIdentity = {
  ...{ workspaceId: "main", credentialId: "audit-1", cluster: "prod", node: null, mayAudit: true },
};
const execRule = `
- rule: Pod Exec
  desc: Somebody entered a pod
  condition: ka.verb = create and ka.target.resource = pods and ka.target.subresource = exec
  output: Pod entered (user=%ka.user.name pod=%ka.target.name namespace=%ka.target.namespace)
  priority: Notice
  source: k8s_audit
  tags: [T1609]
`;

function podExec(id: string, marker = ""): ApiEvent {
  const user = { username: "ana@example.com", groups: ["dev", "system:authenticated"] };
  const objectRef = { resource: "pods", subresource: "exec", namespace: "shop", name: "web-1", apiVersion: "v1" };
  const record = {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    auditID: id,
    stage: "ResponseStarted",
    verb: "create",
    user,
    objectRef,
    sourceIPs: ["10.0.0.9"],
    annotations: { marker },
  };
  return {
    ...blankEvent("api"),
    activity: "request",
    time_us: Date.now() * 1_000,
    audit_id: id,
    stage: "ResponseStarted",
    verb: "create",
    user_name: "ana@example.com",
    source_ips: ["10.0.0.9"],
    user_agent: "kubectl/v1.34",
    api_group: "",
    resource: "pods",
    subresource: "exec",
    k8s_namespace: "shop",
    object_name: "web-1",
    response_code: 101,
    record: JSON.stringify(record),
    position: null,
  };
}

test("records that nobody could read stand in the cluster's account as lost by name", async (t) => {
  const { hub } = await openTestHub(t, {});
  await hub.audit([podExec("a")], apiServer, { undecodable: 2, too_large: 1 });
  await hub.audit([], apiServer, { undecodable: 1, too_large: 0, cut: 4 });
  const { nodes } = await hub.ledger("main", {});
  const row = nodes.flatMap((one) => one.rows).find((one) => one.hop === "hub" && one.class === "api");
  assert.partialDeepStrictEqual(row, {
    ...{ in: 5, out: 1, difference: 0 },
    lost: [
      { reason: "undecodable", value: 3 },
      { reason: "too_large", value: 1 },
    ],
  });
  assert.match(await hub.metrics(), /atalaya_node_events\{[^}]*hop="hub",class="api",reason="cut"\} 4/);
});

test("an audit record is an alert with who asked for what, and the record itself is not stored", async (t) => {
  const folder = tempFolder(t);
  const { hub, close } = await openTestHub(t, {
    dataFolder: folder,
    builtIn: [{ path: "exec.yaml", text: execRule, pack: "built-in" }],
  });
  assert.deepEqual(await hub.audit([podExec("a", "MARKER-IN-RECORD")], apiServer), { accepted: 1 });
  const { alerts } = await hub.alertPage("main", { source: "k8s_audit", q: "ana@example" });
  const alert = await hub.alert("main", alerts[0]?.alert_id ?? "");
  assert.ok(alert);
  assert.deepEqual(alert.who, {
    user: "ana@example.com",
    groups: ["dev", "system:authenticated"],
    source_ips: ["10.0.0.9"],
    user_agent: "kubectl/v1.34",
  });
  assert.deepEqual(alert.where, {
    cluster: "prod",
    namespace: "shop",
    pod: "web-1",
    resource: "pods/exec",
    object_name: "web-1",
  });
  assert.deepEqual(alert.process_tree, []);
  await close();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    assert.ok(!readFileSync(join(entry.parentPath, entry.name)).includes("MARKER-IN-RECORD"), entry.name);
  }
});

test("a record is known by all of its content: a second delivery counts once, the same audit ID with another content twice", async (t) => {
  const first = await openTestHub(t);
  const [one, other] = [podExec("a"), podExec("a", "other")];
  assert.deepEqual(await first.hub.audit([one, one], apiServer), { accepted: 1 });
  assert.deepEqual(await first.hub.audit([one, other], apiServer), { accepted: 1 });
  assert.deepEqual(await first.hub.audit([one], { ...apiServer, cluster: "another" }), { accepted: 1 });
  await first.close();
  const second = await openTestHub(t, { dataFolder: first.folder });
  assert.deepEqual(await second.hub.audit([one, other], apiServer), { accepted: 0 });
});

const lines = (events: readonly ApiEvent[], node = "cp-1") => [frameOf(events, { node, ring: rings.audit })];
const controlPlane = (node = "cp-1"): SenderIdentity => ({ ...apiServer, credentialId: node, node });

test("records from a node's file are those of the webhook: known by place and by content, whoever brings them first", async (t) => {
  const first = await openTestHub(t, { builtIn: [{ path: "exec.yaml", text: execRule, pack: "built-in" }] });
  const one = { ...podExec("a"), position: 100 };
  const two = { ...podExec("b"), position: 200 };
  assert.deepEqual(await first.hub.audit([podExec("a")], apiServer), { accepted: 1 });
  assert.deepEqual(await first.hub.ingest(lines([one, two]), controlPlane()), { accepted: 1, duplicates: 1 });
  assert.deepEqual(await first.hub.audit([podExec("b")], apiServer), { accepted: 0 });
  // Another content at a place that was committed is the same line all the same.
  const otherwise = { ...podExec("c"), position: 200 };
  assert.deepEqual(await first.hub.ingest(lines([otherwise]), controlPlane()), { accepted: 0, duplicates: 1 });
  const of = lines([{ ...podExec("d"), position: 100 }], "cp-2");
  assert.deepEqual(await first.hub.ingest(of, controlPlane("cp-2")), { accepted: 1, duplicates: 0 });
  await first.close();
  const second = await openTestHub(t, { dataFolder: first.folder });
  const again = await second.hub.ingest(lines([one, two, otherwise]), controlPlane());
  assert.deepEqual(again, { accepted: 0, duplicates: 3 });
  const { alerts } = await second.hub.alertPage("main", {});
  assert.deepEqual([alerts.length, alerts[0]?.count], [1, 3]);
  const whole = await second.hub.alert("main", alerts[0]?.alert_id ?? "");
  assert.deepEqual([whole?.where.cluster, whole?.where.node], ["prod", undefined]);
  const { nodes } = await second.hub.ledger("main", { cluster: "prod", node: "cp-1" });
  const row = nodes[0]?.rows.find(({ hop, class: name }) => hop === "hub" && name === "api");
  assert.deepEqual([row?.in, row?.out, row?.left_out, row?.difference], [6, 1, [{ reason: "duplicate", value: 5 }], 0]);
});
