import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import type { KubeClient } from "@atalaya/kube";
import { type InventoryCluster, inventoryClustersSchema, inventoryPodPageSchema } from "@atalaya/wire";
import { mustRun } from "../../simulator/src/run-program.ts";
import { until } from "../../simulator/src/until.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { inventoryPod, layParts, makeInventoryAccount, shareRunFolder, startPublisherOf } from "./inventory-pod.ts";
import { apiFromOutside, idlePod, makeIdlePods, podsPath } from "./many-pods.ts";
import { stopChild } from "./part-in-cluster.ts";
import { nodeName } from "./place.ts";
import { podFigures } from "./pod-figures.ts";
import { type StackInCluster, startStackIn } from "./stack-in-cluster.ts";

// The budget of the inventory (DESIGN.md, section 1) as a real kubelet enforces it: 64 MiB and 60m.
const isFull = process.env["ATALAYA_CLUSTER_FULL"] === "1";
const podCount = isFull ? 5_000 : 1_000;
const home = "kube-system";
const pod = "inventory";
const changeMs = 2_000;
const readyMs = isFull ? 180_000 : 60_000;
const mebibyte = 1024 * 1024;
const quiet = { policy: JSON.stringify({ apiVersion: "audit.k8s.io/v1", kind: "Policy", rules: [{ level: "None" }] }) };

let cluster: Cluster;
let stack: StackInCluster;
let folder: string;
let api: { client: KubeClient; close(): Promise<void> };
let namespace: string;
let publisher: ChildProcess | undefined;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "atalaya-inventory-"));
  mkdirSync(join(folder, "spool"));
  shareRunFolder(join(folder, "run"));
  await mustRun("chmod", ["755", folder]);
  cluster = await startCluster({ name: process.env["ATALAYA_CLUSTER"] || "atalaya-inventory", audit: quiet });
  await makeInventoryAccount(cluster);
  stack = await startStackIn(cluster, { reachesApiServer: true });
  api = await apiFromOutside(cluster);
  namespace = await cluster.namespace("inventory");
  await Promise.all([makeIdlePods(api.client, namespace, podCount), layParts(join(folder, "atalaya"))]);
});
after(async () => {
  await api?.close();
  if (publisher !== undefined) await stopChild(publisher);
  await stack?.stop();
  await cluster?.down();
  rmSync(folder, { recursive: true, force: true });
});

/** Of the cluster's node, in the folder that the pod sees, from the binary that the pod runs. */
async function startPublisher(): Promise<ChildProcess> {
  const socket = join(folder, "run/collector.sock");
  const own = ["--socket", socket, "--spool", join(folder, "spool"), "--node", nodeName];
  const token = join(stack.dataFolder, "hub/local-enrolment.token");
  const args = [...own, "--identity", join(folder, "identity"), "--enroll-token", token, "--hub", stack.url];
  const child = startPublisherOf(cluster.place, join(folder, "atalaya"), args, join(folder, "publisher.log"));
  await until("the publisher's socket", () => existsSync(socket), 20_000);
  return child;
}

const known = async (): Promise<InventoryCluster | undefined> =>
  (await stack.client.get("/api/v1/inventory/clusters", inventoryClustersSchema)).clusters[0];
const podsNamed = async (name: string) => {
  const query = new URLSearchParams({ namespace, q: name });
  return (await stack.client.get(`/api/v1/inventory/pods?${query}`, inventoryPodPageSchema)).pods;
};
const logs = (pod: string) => cluster.mustKubectl(["-n", home, "logs", "--timestamps", pod]);

/** Puts the node binary's pages out of memory, as after the node's own start. */
const dropPages = () => mustRun("dd", [`if=${join(folder, "atalaya/node")}`, "iflag=nocache", "count=0"]);

/** Starts the pod, and gives when all of the cluster is told, in seconds after its container started. */
async function startInventory(): Promise<number> {
  const runFolder = join(folder, "run");
  const spec = { name: pod, folder: join(folder, "atalaya"), runFolder, cluster: stack.clusterName };
  await cluster.apply(inventoryPod(spec), home);
  await until(
    `all told by ${pod}`,
    async () => {
      const state = await cluster.mustKubectl(["-n", home, "get", "pod", pod, "-o", "jsonpath={.status}"]);
      assert.doesNotMatch(state, /OOMKilled|"terminated"/, state);
      return /all of the cluster is told/.test((await cluster.kubectl(["-n", home, "logs", pod])).stdout);
    },
    readyMs,
  );
  const started = await cluster.mustKubectl([
    ...["-n", home, "get", "pod", pod, "-o", "jsonpath={.status.containerStatuses[0].state.running.startedAt}"],
  ]);
  const told = /^(\S+) .*all of the cluster is told/m.exec(await logs(pod))?.[1] ?? "";
  return (Date.parse(told) - Date.parse(started)) / 1_000;
}

async function report(t: TestContext): Promise<void> {
  const figures = await podFigures(cluster, home, `pod/${pod}`);
  const [most, now, cache] = [figures.memoryMaxBytes, figures.memoryBytes, figures.cacheBytes].map((bytes) =>
    Math.round(bytes / mebibyte),
  );
  const throttled = Math.round((figures.throttledPeriods / Math.max(1, figures.periods)) * 100);
  const cpu = (figures.cpuUs / 1e6).toFixed(1);
  t.diagnostic(
    `charged at most ${most} MiB, now ${now} (page cache ${cache}); ${cpu} s of processor time, ${throttled} % of periods throttled`,
  );
  assert.equal(figures.oomKills, 0);
}

test(`all of ${podCount} pods is told within 64 MiB and 60m, from a node whose memory held nothing of it before`, async (t) => {
  await dropPages();
  publisher = await startPublisher();
  const seconds = await startInventory();
  t.diagnostic(`${podCount} pods: told ${seconds.toFixed(1)} s after the container's start`);
  await report(t);
  await until("the hub's account", async () => ((await known())?.objects["Pod"] ?? 0) >= podCount, 30_000);
  assert.equal((await known())?.complete, true);
});

test("what is made, changed and deleted is in the hub within 2 s", async (t) => {
  const took: number[] = [];
  const within = async (what: string, seen: () => Promise<boolean>) => {
    const started = performance.now();
    await until(what, seen, changeMs);
    took.push(performance.now() - started);
  };
  for (let i = 0; i < 5; i++) {
    const name = `changing-${i}`;
    await api.client.json({ method: "POST", path: podsPath(namespace), body: idlePod(name) });
    await within(`${name} made`, async () => (await podsNamed(name)).length === 1);
    const body = { metadata: { labels: { version: "v2" } } };
    const contentType = "application/merge-patch+json";
    await api.client.json({ method: "PATCH", path: podsPath(namespace, name), body, contentType });
    await within(`${name} changed`, async () => (await podsNamed(name))[0]?.labels["version"] === "v2");
    await api.client.json({ method: "DELETE", path: podsPath(namespace, name), query: { gracePeriodSeconds: 0 } });
    await within(`${name} deleted`, async () => (await podsNamed(name)).length === 0);
  }
  took.sort((a, b) => a - b);
  const [middle, last] = [took[took.length >> 1], took.at(-1)].map((ms) => Math.round(ms ?? Number.NaN));
  t.diagnostic(`${took.length} changes in the hub after ${middle} ms in the middle, ${last} ms at most`);
});

test("after 410 Gone it lists again, and what was deleted meanwhile is gone", async (t) => {
  await api.client.json({ method: "POST", path: podsPath(namespace), body: idlePod("early") });
  await until("the early pod", async () => (await podsNamed("early")).length === 1, changeMs);
  const process = await processOf(pod);
  process("SIGSTOP");
  try {
    await api.client.json({ method: "DELETE", path: podsPath(namespace, "early"), query: { gracePeriodSeconds: 0 } });
    await api.client.json({ method: "POST", path: podsPath(namespace), body: idlePod("late") });
    // The API server's memory of changes begins anew: from before, it has none.
    await cluster.setAudit(quiet);
  } finally {
    process("SIGCONT");
  }
  await until("the late pod", async () => (await podsNamed("late")).length === 1, readyMs);
  await until("the early pod's end", async () => (await podsNamed("early")).length === 0, readyMs);
  const pods = async () => (await known())?.status?.kinds.find(({ kind }) => kind === "Pod");
  await until("the word of a second list", async () => ((await pods())?.lists ?? 0) > 1, readyMs);
  t.diagnostic(`pods: ${(await pods())?.gone} times gone, ${(await pods())?.lists} lists`);
  assert.ok(((await pods())?.gone ?? 0) > 0, "it was listed again because of 410, not of its age");
  await report(t);
});

/** Sends signals to the first process of a pod's container. */
async function processOf(name: string): Promise<(signal: NodeJS.Signals) => void> {
  const [uid] = [await cluster.mustKubectl(["-n", home, "get", "pod", name, "-o", "jsonpath={.metadata.uid}"])];
  const pid = processesOfPod(uid).find((one) => commandOf(one).includes("/inventory/main.js"));
  assert.ok(pid !== undefined);
  return (signal) => void globalThis.process.kill(pid, signal);
}

/** By the control groups that the kubelet made for the pod. */
function processesOfPod(uid: string): number[] {
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return all.filter((name) => readText(`/proc/${name}/cgroup`).includes(`pod${uid}`)).map(Number);
}
const commandOf = (pid: number) => readText(`/proc/${pid}/cmdline`);

function readText(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
