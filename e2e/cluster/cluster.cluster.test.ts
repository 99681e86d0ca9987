import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { until } from "../../simulator/src/until.ts";
import { type Cluster, removeCluster, runningCluster, startCluster } from "./cluster.ts";
import { podNetworks } from "./network.ts";
import { runningParts } from "./processes.ts";
import { shimsOf } from "./shims.ts";
import { sleepingPod } from "./sleeping-pod.ts";

const name = "atalaya-harness";
let cluster: Cluster;

before(async () => {
  cluster = await startCluster({ name });
});
after(() => cluster?.down());

test("a pod runs in a namespace of its own, is entered, and finds services by name", async () => {
  const namespace = await cluster.namespace("first");
  await cluster.apply(sleepingPod("one"), namespace);
  await cluster.mustKubectl(["-n", namespace, "wait", "--for=condition=Ready", "pod/one", "--timeout=60s"], 70_000);
  const inside = (...command: string[]) => cluster.mustKubectl(["-n", namespace, "exec", "one", "--", ...command]);
  assert.equal((await inside("hostname")).trim(), "one");
  assert.match(await inside("nslookup", "kubernetes.default.svc.cluster.local"), /10\.96\.0\.1/);
  await inside("nc", "-w", "5", "10.96.0.1", "443", "-e", "/bin/true");
});

test("no packet of a pod leaves the cluster", async () => {
  const namespace = await cluster.namespace("inside");
  await cluster.apply(sleepingPod("two"), namespace);
  await cluster.mustKubectl(["-n", namespace, "wait", "--for=condition=Ready", "pod/two", "--timeout=60s"], 70_000);
  const call = ["nc", "-w", "2", "203.0.113.1", "80", "-e", "/bin/true"];
  const { status, stderr } = await cluster.kubectl(["-n", namespace, "exec", "two", "--", ...call]);
  assert.notEqual(status, 0);
  assert.match(stderr, /timed out|unreachable|No route/);
});

test("the API server notes in its audit log who entered a pod", async () => {
  const log = join(cluster.place.folder, "logs/audit.log");
  await until(
    "the exec's record",
    () => /"resource":"pods".*"subresource":"exec"/.test(readFileSync(log, "utf8")),
    10_000,
  );
});

test("what a killed run left is found and removed by the next", async () => {
  const parts = runningParts(cluster.place);
  const kubelet = parts.find((part) => part.name === "kubelet");
  assert.ok(kubelet !== undefined);
  process.kill(kubelet.pid, "SIGKILL");
  await until("the kubelet's end", () => !runningParts(cluster.place).some((part) => part.name === "kubelet"), 5_000);
  const networks = podNetworks(cluster.place);
  assert.ok(networks.length >= 2, "two pods run");
  await removeCluster(cluster.place);
  assert.deepEqual(
    networks.filter((one) => existsSync(`/run/netns/${one}`)),
    [],
  );
  assert.deepEqual(runningParts(cluster.place), []);
  assert.deepEqual(shimsOf(cluster.place), []);
  assert.equal(runningCluster(name), undefined);
  assert.equal(existsSync(cluster.place.netns), false);
  assert.equal(readFileSync("/proc/self/mountinfo", "utf8").includes(cluster.place.folder), false);
});
