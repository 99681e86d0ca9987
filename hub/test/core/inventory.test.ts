import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { decodeFrame, type Frame, type InventoryEvent } from "@atalaya/wire";
import type { HubCore } from "../../src/hub-core.ts";
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
