import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import {
  type DesiredState,
  type DriftPolicy,
  decodeFrame,
  desiredStateSchema,
  type Frame,
  type InventoryEvent,
} from "@atalaya/wire";
import type { HubCore } from "../../src/hub-core.ts";
import type { NodeKey } from "../../src/ledger/node-account.ts";
import { type LabelledPod, PodLabelTable } from "../../src/state/pod-labels.ts";
import { rowOfEvent } from "../../src/store/inventory-row.ts";
import { openMigrated } from "../../src/store/migrate.ts";
import { readPodLabels } from "../../src/store/read-pod-labels.ts";
import { inventoryFrame, inventoryRow, podRow } from "../frames.ts";
import { evilExec, evilRule, frameOf, openTestHub, sender, tempFolder } from "./hub-fixture.ts";

const builtIn = [
  { path: "drift.yaml", text: evilRule.replace("tags: [T1059]", "tags: [T1059, drift]"), pack: "built-in" },
];
const blocks: DriftPolicy = { rules: [{ name: "web", labels: { app: "web" }, action: "block" }] };
const of = (node: string): NodeKey => ({ workspaceId: "main", cluster: "local", node });

function tell(hub: HubCore, rows: InventoryEvent[], cluster = "local") {
  const read = decodeFrame(inventoryFrame(rows, { node: "node-1", cluster }));
  assert.ok(read.ok);
  const frame: Frame = { header: read.value.header, body: read.value.body };
  return hub.ingest([frame], { ...sender, cluster, node: "node-1" });
}

const podOn = (node: string, uid: string, labels: Record<string, string>): LabelledPod => {
  return { cluster: "local", node, uid, labels };
};
const noEars = { changed: () => undefined, told: () => undefined };

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

test("what one cluster tells of a pod says nothing of another cluster's pod of that uid", async (t) => {
  const { hub } = await openTestHub(t, { builtIn });
  const alerts = async () => (await hub.alertPage("main", {})).alerts.reduce((sum, alert) => sum + alert.count, 0);
  const runIn = async (cluster: string) => {
    const before = await alerts();
    const exec = evilExec({ container_id: `c-${cluster}`, k8s_pod_uid: "pod-1", exe_path: "/x" });
    await hub.ingest([frameOf([exec])], { ...sender, cluster });
    return (await alerts()) - before;
  };
  await hub.putDriftPolicy("main", { rules: [{ name: "ci", labels: { app: "ci" }, action: "ignore" }] });
  await tell(hub, [podRow({ uid: "pod-1", object_name: "ci-1", labels: ["app=ci"], node_name: "node-1" })], "other");
  await until("the pod of the other cluster is let pass", async () =>
    (await runIn("other")) === 0 ? true : undefined,
  );
  assert.equal(await runIn("local"), 1);
});

test("of a pod with a value that no Kubernetes takes the labels are not known, which is counted, and others keep theirs", async () => {
  const pods = [podOn("node-1", "pod-1", { app: "a".repeat(64) }), podOn("node-1", "pod-2", { app: "a".repeat(63) })];
  const told: unknown[] = [];
  const table = new PodLabelTable({
    ...noEars,
    read: async (workspaceId) => ({
      pods: workspaceId === "main" ? pods : [],
      leftOut: workspaceId === "main" ? 0 : 5,
    }),
    told: (_, labels) => void told.push([...(labels.get("local")?.keys() ?? [])]),
    failed: assert.fail,
  });
  table.ask("main", { node: new Set(["app"]), hub: new Set(["app"]) });
  table.ask("second", { node: new Set(["app"]), hub: new Set() });
  await table.tick();
  const given = table.of(of("node-1")) ?? {};
  assert.deepEqual([Object.keys(given), told], [["pod-2"], [["pod-2"]]]);
  assert.deepEqual(desiredStateSchema.shape.pod_labels.parse(given), given);
  assert.equal(table.leftOut, 6, "of all workspaces");
});

test("where more pods run than are read each cluster has its turn, and the rest is counted", async (t) => {
  const db = await openMigrated(join(tempFolder(t), "hub.sqlite"));
  t.after(() => db.close());
  for (const [cluster, count] of [["a", 6] as const, ["b", 2] as const]) {
    for (let n = 0; n < count; n++) {
      const row = podRow({ uid: `${cluster}-${n}`, object_name: "p", labels: ["app=web"], node_name: "node-1" });
      const kept = rowOfEvent(row, { workspace_id: "main", cluster }, 1, 1);
      assert.ok(kept);
      db.run(db.query.insertInto("inventory_objects").values(kept));
    }
  }
  const read = (podsMax: number) => readPodLabels(db, { workspaceId: "main", keys: ["app"], podsMax });
  const { pods, leftOut } = read(4);
  assert.deepEqual([pods.map(({ uid }) => uid), leftOut], [["a-0", "b-0", "a-1", "b-1"], 4]);
  assert.deepEqual([read(8).pods.length, read(8).leftOut], [8, 0]);
});

test("a node with more pods than fit into its state does not know the rest, which is counted", async () => {
  const pods = Array.from({ length: 1_100 }, (_, n) => podOn("node-1", `pod-${n}`, { app: "web" }));
  const changed: NodeKey[] = [];
  const table = new PodLabelTable({
    ...noEars,
    read: async () => ({ pods, leftOut: 0 }),
    changed: (node) => void changed.push(node),
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
