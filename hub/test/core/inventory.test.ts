import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { decodeFrame, type Frame, type InventoryEvent, inventoryKinds } from "@atalaya/wire";
import { storeLimits } from "../../src/core/limits.ts";
import type { HubCore } from "../../src/hub-core.ts";
import { inventoryLimits } from "../../src/inventory/limits.ts";
import { inventoryFrame, inventoryRow, podRow } from "../frames.ts";
import { evilExec, frameOf, openTestHub, sender } from "./hub-fixture.ts";

const digest = `sha256:${"ab".repeat(32)}`;
const container = { name: "web", role: "app", image: "nginx:1.29", image_digest: digest };
const facts = JSON.stringify({ phase: "Running", containers: [container] });

function framed(rows: InventoryEvent[], node = "node-1"): Frame {
  const read = decodeFrame(inventoryFrame(rows, { node }));
  if (!read.ok) throw new Error(read.reason);
  return { header: read.value.header, body: read.value.body };
}
const tell = (hub: HubCore, rows: InventoryEvent[], node = "node-1") =>
  hub.ingest([framed(rows, node)], { ...sender, node });

const owner = (kind: string, name: string) => ({ owner_kind: kind, owner_name: name, owner_uid: `${kind}-${name}` });
const deployment = () => inventoryRow("put", { kind: "Deployment", ...named("web"), uid: "Deployment-web", facts });
const replicaSet = () =>
  inventoryRow("put", {
    kind: "ReplicaSet",
    ...named("web-7f"),
    uid: "ReplicaSet-web-7f",
    ...owner("Deployment", "web"),
  });
const named = (object_name: string) => ({
  k8s_namespace: "shop",
  object_name,
  resource_version: "1",
  created_us: 1_000,
});
const pod = (change: Partial<InventoryEvent> = {}) =>
  podRow({ ...owner("ReplicaSet", "web-7f"), labels: ["app=web", "tier=a=b"], facts, ...change });

async function open(t: TestContext) {
  return (await openTestHub(t)).hub;
}
const pods = async (hub: HubCore, query = {}) => (await hub.inventory.pods("main", query)).pods;

test("what an inventory tells is listed: clusters, namespaces, workloads, and pods by what made them", async (t) => {
  const hub = await open(t);
  const space = inventoryRow("put", { kind: "Namespace", ...named("shop"), k8s_namespace: null, uid: "ns" });
  await tell(hub, [space, deployment(), replicaSet(), pod(), pod({ uid: "pod-2", object_name: "web-2" })]);
  assert.partialDeepStrictEqual(await pods(hub, { workload: "Deployment/web", limit: 1 }), [
    {
      pod: "web-1",
      workload: { kind: "Deployment", name: "web" },
      labels: { app: "web", tier: "a=b" },
      phase: "Running",
    },
  ]);
  const { workloads } = await hub.inventory.workloads("main", {});
  assert.equal(workloads.length, 1, "a ReplicaSet of a Deployment is no workload of its own");
  assert.partialDeepStrictEqual(workloads, [{ name: "web", pods: 2, images: ["nginx:1.29"], nodes: ["node-1"] }]);
  assert.partialDeepStrictEqual((await hub.inventory.namespaces("main", {})).namespaces, [
    { namespace: "shop", workloads: 1, pods: 2 },
  ]);
  assert.partialDeepStrictEqual(await hub.inventory.clusters("main"), [
    { cluster: "local", node: "node-1", complete: false, objects: { Pod: 2, Deployment: 1 } },
  ]);
  assert.equal((await pods(hub, { image: digest.slice(0, 20) })).length, 2);
  assert.deepEqual(await hub.inventory.clusters("another"), []);
});

test("pages follow each other without a gap and end", async (t) => {
  const hub = await open(t);
  const many = Array.from({ length: 7 }, (_, i) => pod({ uid: `u${i}`, object_name: `web-${i}` }));
  await tell(hub, many);
  for (const list of ["pods", "objects"] as const) {
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await hub.inventory[list]("main", { limit: 3, ...(cursor !== undefined && { cursor }) });
      names.push(...("pods" in page ? page.pods.map((one) => one.uid) : page.objects.map((one) => one.uid)));
      cursor = page.next_cursor;
    } while (cursor !== undefined);
    assert.deepEqual(
      names,
      many.map(({ uid }) => uid),
      list,
    );
  }
});

test("a whole list ends what it did not bring, of its own kind alone", async (t) => {
  const hub = await open(t);
  await tell(hub, [deployment(), pod(), pod({ uid: "pod-2", object_name: "web-2" })]);
  const again = { generation: 2 };
  await tell(hub, [pod(again), inventoryRow("complete", { kind: "Pod", ...again })]);
  assert.deepEqual(
    (await pods(hub)).map((one) => one.uid),
    ["pod-1"],
  );
  assert.equal((await pods(hub, { gone: "true" })).length, 2);
  assert.equal((await hub.inventory.workloads("main", {})).workloads.length, 1);
});

test("frames that come twice change nothing", async (t) => {
  const hub = await open(t);
  const first = framed([pod()]);
  await hub.ingest([first], sender);
  await tell(hub, [inventoryRow("gone", { kind: "Pod", uid: "pod-1" })]);
  const { duplicates } = await hub.ingest([first], sender);
  assert.equal(duplicates, 1);
  assert.deepEqual(await pods(hub), []);
});

test("an inventory that a later one on another node has replaced is not heard any more", async (t) => {
  const hub = await open(t);
  const later = { epoch_us: 2_000_000 };
  await tell(hub, [pod(later)], "node-2");
  await tell(hub, [inventoryRow("gone", { kind: "Pod", uid: "pod-1" })], "node-1");
  assert.equal((await pods(hub)).length, 1);
  assert.partialDeepStrictEqual(await hub.inventory.clusters("main"), [{ node: "node-2", superseded: 1 }]);
});

test("after a clock that was set back, the same node's new inventory still ends what is gone", async (t) => {
  const hub = await open(t);
  await tell(hub, [pod({ generation: 5 }), pod({ uid: "pod-2", generation: 5 })]);
  const back = { epoch_us: 500_000, generation: 1 };
  await tell(hub, [pod(back), inventoryRow("complete", { kind: "Pod", ...back })]);
  assert.deepEqual(
    (await pods(hub)).map((one) => one.uid),
    ["pod-1"],
  );
});

test("rows that name no object are counted and make none", async (t) => {
  const hub = await open(t);
  await tell(hub, [pod({ uid: null }), pod({ kind: "Secret" }), pod({ facts: "[1" })]);
  assert.partialDeepStrictEqual(await hub.inventory.clusters("main"), [{ malformed: 2, objects: { Pod: 1 } }]);
});

const started = { version: "1", started_us: 1, memory_bytes: 1, cpu_us: 1, kinds: [], counters: {} };

test("a status that is none is counted, and neither kept nor a reason to end", async (t) => {
  const hub = await open(t);
  await tell(hub, [inventoryRow("status", { facts: JSON.stringify(started) })]);
  const kept = { ...started, kinds: "none" };
  for (const facts of [null, "", "{", "[]", "7", JSON.stringify(kept)])
    await tell(hub, [inventoryRow("status", { facts })]);
  assert.partialDeepStrictEqual(await hub.inventory.clusters("main"), [{ malformed: 6, status: started }]);
});

test("a container that is told without what one has is left out of its pod", async (t) => {
  const hub = await open(t);
  const containers = [container, { ...container, role: "king" }, { name: "web", image: 7 }, null, "web"];
  await tell(hub, [pod({ facts: JSON.stringify({ containers }) })]);
  assert.deepEqual((await pods(hub))[0]?.containers, [container]);
});

test("what is kept of a cluster and cannot be read makes that cluster incomplete, hides no other, and is counted when it is mended", async (t) => {
  const first = await openTestHub(t);
  await tell(first.hub, [pod(), ...inventoryKinds.map((kind) => inventoryRow("complete", { kind }))]);
  await first.close();
  change(
    first.folder,
    `CREATE TEMP TABLE other AS SELECT * FROM inventory_sources;
    UPDATE temp.other SET cluster = 'other';
    INSERT INTO inventory_sources SELECT * FROM temp.other;
    UPDATE inventory_sources SET complete = '{' WHERE cluster = 'local'`,
  );
  const { hub } = await openTestHub(t, { dataFolder: first.folder });
  const state = async () =>
    (await hub.inventory.clusters("main")).map(({ cluster, complete, malformed }) => [cluster, complete, malformed]);
  assert.deepEqual(await state(), [
    ["local", false, 0],
    ["other", true, 0],
  ]);
  for (const kind of inventoryKinds) await tell(hub, [inventoryRow("complete", { kind, generation: 2 })]);
  assert.deepEqual(await state(), [
    ["local", true, 1],
    ["other", true, 0],
  ]);
});

test("at the bound of objects, those that are gone make room", async (t) => {
  const first = await openTestHub(t);
  await tell(first.hub, [pod(), inventoryRow("gone", { kind: "Pod", uid: "pod-1" }), pod({ uid: "pod-2" })]);
  await first.close();
  change(first.folder, `UPDATE inventory_sources SET objects = ${storeLimits.inventoryObjectsMax}`);
  const { hub } = await openTestHub(t, { dataFolder: first.folder });
  await tell(hub, [pod({ uid: "pod-3" }), pod({ uid: "pod-4" })]);
  const kept = (await pods(hub, { gone: "true" })).map(({ uid }) => uid);
  assert.deepEqual(kept, ["pod-2", "pod-3"]);
  assert.partialDeepStrictEqual(await hub.inventory.clusters("main"), [{ over_limit: 1 }]);
});

function change(folder: string, statement: string): void {
  const db = new DatabaseSync(join(folder, "hub.sqlite"));
  db.exec(statement);
  db.close();
}

test("an inventory that lies about its start keeps the next one out for a minute at most", async (t) => {
  const hub = await open(t);
  const nowUs = Date.now() * 1_000;
  const lie = { epoch_us: Number.MAX_SAFE_INTEGER, time_us: nowUs };
  await tell(hub, [pod(lie)], "node-2");
  await tell(hub, [pod({ ...lie, uid: "pod-2" })], "node-2");
  await tell(hub, [inventoryRow("gone", { kind: "Pod", uid: "pod-1", epoch_us: nowUs })], "node-1");
  assert.equal((await pods(hub)).length, 2, "it started before the minute was over");
  const later = { epoch_us: nowUs + 2 * inventoryLimits.clockAheadUs };
  await tell(hub, [inventoryRow("gone", { kind: "Pod", uid: "pod-1", ...later })], "node-1");
  assert.equal((await pods(hub)).length, 1);
  assert.partialDeepStrictEqual(await hub.inventory.clusters("main"), [{ node: "node-1", superseded: 1 }]);
});

test("an inventory of a node that may send none any more takes nothing from one that may", async (t) => {
  const hub = await open(t);
  const of = { workspaceId: "main", cluster: "local" };
  const nowUs = Date.now() * 1_000;
  await hub.inventory.allow({ ...of, node: "node-1" }, "pod-a", nowUs + 60_000_000);
  await hub.inventory.allow({ ...of, node: "node-2" }, "pod-b", nowUs - 1);
  await tell(hub, [pod()], "node-1");
  const forged = { epoch_us: 2 * nowUs, time_us: nowUs };
  await tell(hub, [pod({ ...forged, uid: "evil" }), inventoryRow("complete", { kind: "Pod", ...forged })], "node-2");
  assert.deepEqual(
    (await pods(hub)).map((one) => one.uid),
    ["pod-1"],
  );
  assert.partialDeepStrictEqual(await hub.inventory.clusters("main"), [{ node: "node-1", superseded: 2 }]);
});

test("an inventory of a node that may send none any more keeps nobody out", async (t) => {
  const hub = await open(t);
  const of = { workspaceId: "main", cluster: "local" };
  const nowUs = Date.now() * 1_000;
  await hub.inventory.allow({ ...of, node: "node-2" }, "pod-a", nowUs + 60_000_000);
  await tell(hub, [pod({ epoch_us: 2_000_000 })], "node-2");
  await tell(hub, [pod({ uid: "pod-2" })], "node-1");
  assert.equal((await pods(hub)).length, 1);
  await hub.inventory.allow({ ...of, node: "node-2" }, "pod-a", nowUs - 1);
  await tell(hub, [pod({ uid: "pod-2" })], "node-1");
  assert.partialDeepStrictEqual(await hub.inventory.clusters("main"), [{ node: "node-1", superseded: 1 }]);
});

test("what a node told while it might is taken after that, too, and makes it none that started later", async (t) => {
  const hub = await open(t);
  const of = { workspaceId: "main", cluster: "local", node: "node-2" };
  const untilUs = Date.now() * 1_000 - 1;
  assert.equal(await hub.inventory.mayBeSentBy(of, untilUs - 1), false, "it never might");
  await hub.inventory.allow(of, "pod-a", untilUs);
  assert.equal(await hub.inventory.mayBeSentBy(of, untilUs - 1), true);
  assert.equal(await hub.inventory.mayBeSentBy(of, untilUs + 1_000_000), false);
  await hub.inventory.allow(of, "pod-a", untilUs - inventoryLimits.spooledUs);
  assert.equal(await hub.inventory.mayBeSentBy(of, 1), false, "no spool keeps a frame for so long");
  await tell(hub, [pod({ time_us: 1_000_000, epoch_us: untilUs })], "node-2");
  const gone = inventoryRow("gone", { kind: "Pod", uid: "pod-1", epoch_us: 2 * inventoryLimits.clockAheadUs });
  await tell(hub, [gone], "node-1");
  assert.deepEqual(await pods(hub), []);
});

const inPod = { k8s_pod_uid: "pod-1", k8s_pod: "web-1", k8s_namespace: "shop", container_name: "web" };
const place = { workload: { kind: "Deployment", name: "web" }, pod_labels: { app: "web" }, image_digest: digest };
const alertsOf = async (hub: HubCore, query = {}) => (await hub.alertPage("main", query)).alerts;

test("an alert in a pod that is known says what made the pod, its labels and its image's digest", async (t) => {
  const hub = await open(t);
  await tell(hub, [deployment(), replicaSet(), pod()]);
  await hub.ingest([frameOf([evilExec(inPod)])], sender);
  const alerts = await alertsOf(hub, { workload: "Deployment/web" });
  assert.partialDeepStrictEqual(alerts, [{ where: place }]);
  assert.equal((await pods(hub))[0]?.alerts_open, 1);
  assert.equal((await hub.inventory.workloads("main", {})).workloads[0]?.alerts_open, 1);
  assert.equal((await alertsOf(hub, { q: "deployment/web" })).length, 1);
});

test("an alert that came before the inventory is made more complete when it comes, piece by piece, and watchers are told", async (t) => {
  const hub = await open(t);
  await hub.ingest([frameOf([evilExec(inPod)])], sender);
  const told: unknown[] = [];
  t.after(hub.listen({ alert: ({ alert }) => told.push(alert.where) }));
  const starting = JSON.stringify({ containers: [{ name: "web", role: "app", image: "nginx:1.29" }] });
  await tell(hub, [pod({ facts: starting })]);
  await tell(hub, [deployment(), replicaSet()]);
  await tell(hub, [pod({ resource_version: "2" })]);
  const [alert] = await alertsOf(hub);
  assert.partialDeepStrictEqual(alert?.where, place);
  assert.equal(told.length, 3);
  await tell(hub, [pod({ resource_version: "3" })]);
  assert.equal(told.length, 3, "nothing more is to be learnt");
});
