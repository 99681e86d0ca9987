import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { type DesiredState, type DriftPolicy, decodeFrame, type Frame, type InventoryEvent } from "@atalaya/wire";
import type { HubCore } from "../../src/hub-core.ts";
import type { NodeKey } from "../../src/ledger/node-account.ts";
import { type LabelledPod, PodLabelTable } from "../../src/state/pod-labels.ts";
import { inventoryFrame, inventoryRow, podRow } from "../frames.ts";
import { evilExec, evilRule, frameOf, openTestHub, sender } from "./hub-fixture.ts";

const builtIn = [
  { path: "drift.yaml", text: evilRule.replace("tags: [T1059]", "tags: [T1059, drift]"), pack: "built-in" },
];
const blocks: DriftPolicy = { rules: [{ name: "web", labels: { app: "web" }, action: "block" }] };
const of = (node: string): NodeKey => ({ workspaceId: "main", cluster: "local", node });

function tell(hub: HubCore, rows: InventoryEvent[]) {
  const read = decodeFrame(inventoryFrame(rows, { node: "node-1" }));
  assert.ok(read.ok);
  const frame: Frame = { header: read.value.header, body: read.value.body };
  return hub.ingest([frame], { ...sender, node: "node-1" });
}

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const end = performance.now() + 10_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    assert.ok(performance.now() < end, `not within 10 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test("a node is given the labels that policies ask for, of its own pods alone, and those that come later", async (t) => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const caKey = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  const { hub } = await openTestHub(t, { builtIn, caKey });
  const stateOf = async (node: string, holds = 0): Promise<DesiredState | undefined> => {
    const signed = await hub.desiredState(of(node), holds, 0, AbortSignal.abort());
    return signed === undefined ? undefined : (JSON.parse(signed.state) as DesiredState);
  };
  await tell(hub, [
    podRow({ uid: "pod-1", object_name: "web-1", labels: ["app=web", "secret=x"], node_name: "node-1" }),
    podRow({ uid: "pod-2", object_name: "web-2", labels: ["app=web"], node_name: "node-2" }),
    podRow({ uid: "pod-3", object_name: "db-1", labels: ["tier=db"], node_name: "node-1" }),
  ]);
  assert.equal((await stateOf("node-1"))?.pod_labels, undefined, "nobody asks");
  await hub.putDriftPolicy("main", blocks);
  // Without a moment in which the policy is in force and the labels are not known.
  const first = await stateOf("node-1");
  assert.ok(first?.drift !== undefined);
  assert.deepEqual(first.pod_labels, { "pod-1": { app: "web" }, "pod-3": {} }, "asked keys, and who has none of them");
  assert.deepEqual((await stateOf("node-2"))?.pod_labels, { "pod-2": { app: "web" } });
  assert.deepEqual((await stateOf("node-9"))?.pod_labels, {}, "a node of which no pod is known");
  const other = (await stateOf("node-2"))?.version ?? 0;
  const changed = { labels: ["app=shop"], resource_version: "2", node_name: "node-1" };
  await tell(hub, [podRow({ uid: "pod-1", object_name: "web-1", ...changed })]);
  const next = await until("another state of node-1", () => stateOf("node-1", first.version));
  assert.deepEqual(next.pod_labels, { "pod-1": { app: "shop" }, "pod-3": {} });
  assert.equal(await stateOf("node-2", other), undefined, "nothing changed there");
  await tell(hub, [inventoryRow("gone", { kind: "Pod", uid: "pod-1" })]);
  const last = await until("a third state of node-1", () => stateOf("node-1", next.version));
  assert.deepEqual(last.pod_labels, { "pod-3": {} });
  await hub.putDriftPolicy("main", { rules: [] });
  assert.equal((await stateOf("node-1", last.version))?.pod_labels, undefined);
});

test("the hub's own decision knows the labels of a pod from the inventory", async (t) => {
  const { hub } = await openTestHub(t, { builtIn });
  const alerts = async () => (await hub.alertPage("main", {})).alerts.reduce((sum, alert) => sum + alert.count, 0);
  const run = (pod: string) =>
    hub.ingest([frameOf([evilExec({ container_id: `c-${pod}`, k8s_pod_uid: pod, exe_path: "/x" })])], sender);
  await tell(hub, [podRow({ uid: "pod-1", object_name: "ci-1", labels: ["app=ci"], node_name: "node-1" })]);
  await hub.putDriftPolicy("main", { rules: [{ name: "ci", labels: { app: "ci" }, action: "ignore" }] });
  await run("pod-2");
  assert.equal(await alerts(), 1, "a pod that is not known is told");
  await until("a pod that is let pass", async () => {
    const before = await alerts();
    await run("pod-1");
    return (await alerts()) === before ? true : undefined;
  });
  const before = await alerts();
  await run("pod-2");
  assert.equal(await alerts(), before + 1);
});

test("a node with more pods than fit into its state does not know the rest, which is counted", async () => {
  const pods = Array.from({ length: 1_100 }, (_, n): LabelledPod => {
    return { cluster: "local", node: "node-1", uid: `pod-${n}`, labels: { app: "web" } };
  });
  const changed: NodeKey[] = [];
  const table = new PodLabelTable({
    read: async () => pods,
    changed: (node) => void changed.push(node),
    told: () => undefined,
    failed: assert.fail,
  });
  table.ask("main", { node: new Set(["app"]), hub: new Set() });
  await table.tick();
  assert.deepEqual([Object.keys(table.of(of("node-1")) ?? {}).length, table.leftOut], [1_024, 76]);
  assert.deepEqual(changed, [of("node-1")]);
  table.touched("main");
  await table.tick();
  assert.equal(changed.length, 1, "the same as before");
  pods.splice(0);
  table.touched("main");
  await table.tick();
  assert.deepEqual([changed.length, table.of(of("node-1")), table.leftOut], [2, {}, 0]);
});
