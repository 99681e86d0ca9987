import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type ApiEvent, blankEvent } from "@atalaya/wire";
import type { SenderIdentity } from "../../src/hub-core.ts";
import { openTestHub, tempFolder } from "./hub-fixture.ts";

const apiServer: SenderIdentity = { workspaceId: "main", credentialId: "audit-1", cluster: "prod", node: null };
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
  };
}

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
