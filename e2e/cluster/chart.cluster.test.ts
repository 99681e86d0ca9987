import assert from "node:assert/strict";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { AlertSummary } from "@atalaya/wire";
import { runProgram } from "../../simulator/src/run-program.ts";
import { until } from "../../simulator/src/until.ts";
import { Load } from "../soak/load.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { podDeaths } from "./pod-deaths.ts";
import { podFigures } from "./pod-figures.ts";
import { chartFolder, installRelease, podsOf, type Release, releaseNamespace, removeLeftovers } from "./release.ts";
import { sleepingPod, sleepingSpec } from "./sleeping-pod.ts";

const alertMs = 5_000;
const isFull = process.env["ATALAYA_CLUSTER_FULL"] === "1";
const mebibyte = 1024 ** 2;
const say = (line: string) => void process.stderr.write(`${line}\n`);

let cluster: Cluster;
let release: Release;
let untouched: { objects: string[]; pins: string[] };

before(async () => {
  cluster = await startCluster({ name: "atalaya-chart", say });
  untouched = { objects: await objects(), pins: readdirSync("/sys/fs/bpf") };
  release = await installRelease(cluster, {}, say);
});
after(async () => {
  await cluster?.down();
  if (release !== undefined) removeLeftovers(release.places);
});

/** Everything of the cluster that could be the release's, by name; what comes and goes by itself left out. */
async function objects(): Promise<string[]> {
  const kinds =
    "pods,services,daemonsets,deployments,statefulsets,replicasets,jobs,configmaps,secrets,serviceaccounts,roles,rolebindings,clusterroles,clusterrolebindings,networkpolicies,persistentvolumeclaims,persistentvolumes,priorityclasses";
  const text = await cluster.mustKubectl(["get", kinds, "-A", "-o", "name"]);
  return text.split("\n").filter(Boolean).sort();
}

function alerts(rule: string, namespace: string): Promise<AlertSummary[]> {
  return release.alerts("--rule", rule, "--namespace", namespace);
}

async function makeVictim(): Promise<string> {
  const namespace = await cluster.namespace("victim");
  await cluster.apply(sleepingPod("victim"), namespace);
  await cluster.mustKubectl(["-n", namespace, "wait", "--for=condition=Ready", "pod/victim", "--timeout=60s"], 70_000);
  return namespace;
}

test("the daemon sets have the names and the limits that people know", async () => {
  for (const [name, memory, cpu] of [
    ["atalaya-collector-ds", "296Mi", "360m"],
    ["atalaya-publisher-ds", "200Mi", "60m"],
  ] as const) {
    const text = await cluster.mustKubectl(["-n", releaseNamespace, "get", "ds", name, "-o", "json"]);
    const { spec, status } = JSON.parse(text);
    assert.deepEqual(spec.template.spec.containers[0].resources.limits, { memory, cpu });
    assert.equal(status.numberReady, 1);
  }
});

test("the inventory is beside them, and tells its cluster", async () => {
  const text = await cluster.mustKubectl([
    "-n",
    releaseNamespace,
    "get",
    "deploy",
    "atalaya-collector-misc",
    "-o",
    "json",
  ]);
  const { spec, status } = JSON.parse(text);
  assert.deepEqual(spec.template.spec.containers[0].resources.limits, { memory: "64Mi", cpu: "60m" });
  assert.equal(status.readyReplicas, 1, "ready is: every kind was told to the publisher");
});

test("helm test says that every node is watched and that the hub answers", async () => {
  const { status, stdout, stderr } = await release.helm(["test", "atalaya"]);
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /Phase: +Succeeded/);
});

test("what NOTES says about the first password holds", async () => {
  const log = await cluster.mustKubectl(["-n", releaseNamespace, "logs", "atalaya-hub-0"]);
  assert.match(log, /password/i);
});

test("the hub, openssl and what Helm prints for a hub elsewhere tell the same fingerprint of the hub's CA", async () => {
  const log = await cluster.mustKubectl(["-n", releaseNamespace, "logs", "atalaya-hub-0"]);
  const [, told = ""] = /SHA-256 fingerprint ([0-9A-F:]{95})\n/.exec(log) ?? [];
  const get = ["-n", releaseNamespace, "get", "configmap", "atalaya-hub-ca", "-o", "jsonpath={.data.ca\\.pem}"];
  const caFile = join(cluster.place.folder, "hub-ca.pem");
  writeFileSync(caFile, await cluster.mustKubectl(get));
  const { stdout } = await runProgram("openssl", ["x509", "-in", caFile, "-noout", "-fingerprint", "-sha256"]);
  assert.equal(stdout.trim().split("=")[1], told);
  const elsewhere = ["--set=hub.enabled=false,hub.url=https://hub.example.org", `--set-file=hub.ca=${caFile}`];
  const notes = await release.helm(["upgrade", "atalaya", chartFolder, "--dry-run", ...elsewhere]);
  assert.equal(notes.status, 0, notes.stderr);
  assert.ok(notes.stdout.includes(`SHA-256 fingerprint is\n     ${told}\n`), notes.stdout.slice(-1_500));
});

test("an attack in a pod gives its alert within five seconds, with pod, namespace, container and image", async () => {
  const namespace = await makeVictim();
  const start = performance.now();
  await cluster.mustKubectl(["-n", namespace, "exec", "victim", "--", "find", "/tmp", "-name", ".git-credentials"]);
  await until("the alert", async () => (await alerts("Secret Reconnaissance", namespace)).length > 0, alertMs);
  say(`alert seen ${(performance.now() - start).toFixed(0)} ms after the attack was asked for`);
  const [found] = await alerts("Secret Reconnaissance", namespace);
  assert.ok(found !== undefined);
  const { where } = found;
  assert.deepEqual(
    [where.cluster, where.node, where.pod, where.container_name, where.image],
    ["harness", "node1", "victim", "main", "localhost/busybox:1"],
  );
});

test("an alert says which Deployment made its pod, the pod's labels and its image's digest", async () => {
  const namespace = await cluster.namespace("shop");
  const labels = { app: "shop" };
  const spec = { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: sleepingSpec() } };
  await cluster.apply({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "shop" }, spec }, namespace);
  const ready = ["-n", namespace, "rollout", "status", "deployment/shop", "--timeout=60s"];
  await cluster.mustKubectl(ready, 70_000);
  const attack = ["find", "/tmp", "-name", ".git-credentials"];
  await cluster.mustKubectl(["-n", namespace, "exec", "deployment/shop", "--", ...attack]);
  const where = async () => (await alerts("Secret Reconnaissance", namespace))[0]?.where;
  const isWhole = async () => {
    const { workload, image_digest } = (await where()) ?? {};
    return workload?.kind === "Deployment" && image_digest !== undefined;
  };
  await until("what the inventory knows of the pod", isWhole, 2 * alertMs);
  const { workload, pod_labels, image_digest } = (await where()) ?? {};
  assert.deepEqual(workload, { kind: "Deployment", name: "shop" });
  assert.equal(pod_labels?.["app"], "shop");
  assert.match(image_digest ?? "", /^sha256:[0-9a-f]{64}$/);
});

test("a restart of both daemon sets misses none of a steady attack, since the kernel watches on", async () => {
  const namespace = await makeVictim();
  const attacks = 300;
  const loop = `i=0; while [ $i -lt ${attacks} ]; do /bin/find /tmp -name .git-credentials; usleep 100000; i=$((i+1)); done`;
  const attack = cluster.kubectl(["-n", namespace, "exec", "victim", "--", "sh", "-c", loop], 300_000);
  for (const name of ["atalaya-collector-ds", "atalaya-publisher-ds"]) {
    await cluster.mustKubectl(["-n", releaseNamespace, "rollout", "restart", `daemonset/${name}`]);
    const args = ["-n", releaseNamespace, "rollout", "status", `daemonset/${name}`, "--timeout=120s"];
    await cluster.mustKubectl(args, 130_000);
  }
  const { status, stderr } = await attack;
  assert.equal(status, 0, stderr);
  const counted = async () =>
    (await alerts("Secret Reconnaissance", namespace)).reduce((sum, one) => sum + one.count, 0);
  await until(`all ${attacks} attacks in the alert`, async () => (await counted()) >= attacks, 20_000);
  assert.equal(await counted(), attacks);
  const adopted = (await release.sensors()).map((sensor) => sensor.report?.adopted);
  assert.deepEqual(adopted, [true]);
});

test("a pod that outgrows its memory is seen to have died of it, by whatever control groups the machine has", async () => {
  const namespace = await cluster.namespace("hungry");
  const resources = { limits: { memory: "16Mi" } };
  await cluster.apply(sleepingPod("hungry", { command: ["tail", "/dev/zero"], resources }), namespace);
  const deaths = async () => podDeaths(cluster, namespace, "pod/hungry").catch(() => undefined);
  await until("its death", async () => (await deaths())?.reasons.includes("OOMKilled") === true, 60_000);
});

test("the pods keep to their memory at a thousand events a second", async () => {
  const seconds = isFull ? 600 : 60;
  const work = Load.ofEvents(1_000, "chart", tmpdir());
  const parts = [
    ["collector", 296],
    ["publisher", 200],
  ] as const;
  const figures = async () =>
    Promise.all(
      parts.map(async ([name]) => podFigures(cluster, releaseNamespace, (await podsOf(cluster, name))[0] ?? "")),
    );
  const start = await figures();
  const submitted = async () => (await release.ledger())[0]?.submitted ?? Number.NaN;
  const submittedBefore = await submitted();
  await pause(seconds * 1_000);
  const end = await figures();
  say(`${Math.round(((await submitted()) - submittedBefore) / seconds)} events/s of the whole machine`);
  await work.stop();
  for (const [i, [name, limit]] of parts.entries()) {
    const [was, is] = [start[i], end[i]];
    assert.ok(was !== undefined && is !== undefined);
    const periods = is.periods - was.periods;
    const throttled = ((is.throttledPeriods - was.throttledPeriods) / Math.max(1, periods)) * 100;
    const millicores = (is.cpuUs - was.cpuUs) / 1_000 / seconds;
    say(
      `${name}: at most ${(is.memoryMaxBytes / mebibyte).toFixed(0)} of ${limit} MiB, ${millicores.toFixed(0)}m, ${throttled.toFixed(1)} % of periods throttled`,
    );
    assert.equal(is.oomKills, 0, name);
    const pod = (await podsOf(cluster, name))[0] ?? "";
    assert.deepEqual(await podDeaths(cluster, releaseNamespace, pod), { restarts: 0, reasons: [] }, name);
    assert.ok(is.memoryMaxBytes <= limit * mebibyte + mebibyte, name);
  }
  const sensors = await release.sensors();
  assert.deepEqual(
    sensors.map(({ lost }) => lost),
    [[]],
  );
});

test("a node that does not answer fails helm uninstall, which names it and says what to do", async () => {
  for (const folder of Object.values(release.places)) assert.ok(existsSync(folder), folder);
  await release.apply({ "nodes.leaveSeconds": "30" });
  const silent = {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "silent-node", labels: { "kubernetes.io/os": "linux" } },
  };
  await cluster.apply(silent, "default");
  const { status, stdout, stderr } = await release.helm(["uninstall", "atalaya", "--timeout=200s"]);
  await cluster.mustKubectl(["delete", "node", "silent-node"]);
  // The DaemonSet's controller hears of it from its pods alone, and the garbage collector of pods takes up to a minute.
  const orphans = ["-l", "app.kubernetes.io/name=atalaya", "--field-selector=status.phase=Pending"];
  await cluster.mustKubectl(["-n", releaseNamespace, "delete", "pods", ...orphans]);
  assert.notEqual(status, 0, stdout);
  const kept = ["logs", "-l", "app.kubernetes.io/component=leaving", "--tail=-1"];
  for (const said of [stdout + stderr, await cluster.mustKubectl(["-n", releaseNamespace, ...kept])]) {
    assert.match(said, /silent-node: atalaya-collector-ds-\w+ is Pending and has not left/);
    assert.match(said, new RegExp(`keep what it made in ${release.places.runFolder}, `));
    assert.match(said, /run the same helm uninstall once more/);
    assert.doesNotMatch(said, /node1:/);
  }
  const left = await cluster.mustKubectl(["-n", releaseNamespace, "get", "sa,role,rolebinding", "-o", "name"]);
  assert.doesNotMatch(left, /atalaya-leaving/, "its right to change the collector went with it");
});

test("helm uninstall leaves nothing behind, on the node or in the cluster", async () => {
  const { runFolder, dataFolder, pinFolder } = release.places;
  // What stood there is looked at in the test before, whose uninstall this one goes on with.
  await release.uninstall();
  for (const folder of [runFolder, dataFolder, pinFolder]) assert.equal(existsSync(folder), false, folder);
  assert.deepEqual(
    readdirSync("/sys/fs/bpf").filter((name) => !untouched.pins.includes(name)),
    [],
  );
  const left = (await objects()).filter((name) => !untouched.objects.includes(name) && /atalaya/.test(name));
  assert.deepEqual(left, []);
});
