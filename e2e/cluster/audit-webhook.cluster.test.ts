import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Alert, type AlertSummary, alertPageSchema, alertSchema } from "@atalaya/wire";
import { until } from "../../simulator/src/until.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { sleepingContainer, sleepingPod } from "./sleeping-pod.ts";
import { type StackInCluster, startStackIn } from "./stack-in-cluster.ts";

let cluster: Cluster;
let stack: StackInCluster;

before(async () => {
  cluster = await startCluster({ name: process.env["ATALAYA_CLUSTER"] || "atalaya-audit" });
  stack = await startStackIn(cluster, { sensor: true });
  const policy = await stack.client.text("/api/v1/audit-policy");
  // A second: what is made together arrives together.
  await cluster.setAudit({ policy, webhookKubeconfig: await stack.auditKubeconfig(), batchMaxWait: "1s" });
});
after(async () => {
  await stack?.stop();
  await cluster?.down();
});

async function alertIn(namespace: string, rule: string, object?: string): Promise<Alert> {
  let found: AlertSummary | undefined;
  await until(
    `the alert ${rule} in ${namespace}`,
    async () => {
      const { alerts } = await stack.client.get("/api/v1/alerts?limit=200", alertPageSchema);
      found = alerts.find(
        ({ where, ...alert }) =>
          alert.rule === rule &&
          where.namespace === namespace &&
          (object === undefined || where.object_name === object),
      );
      return found !== undefined;
    },
    10_000,
  );
  assert.ok(found !== undefined);
  return stack.client.get(`/api/v1/alerts/${found.alert_id}`, alertSchema);
}

const privilegedPod = sleepingPod("root-of-the-node", { securityContext: { privileged: true } });

test("a privileged pod that somebody makes is told by the API server's webhook, with who made it and where", async () => {
  const namespace = await cluster.namespace("webhook");
  await cluster.apply(privilegedPod, namespace);
  const alert = await alertIn(namespace, "Privileged Container");
  assert.equal(alert.where.cluster, stack.clusterName);
  assert.equal(alert.where.object_name, "root-of-the-node");
  assert.equal(alert.who.user, "admin");
  assert.match(alert.who.user_agent ?? "", /^kubectl\//);
});

test("the API server keeps its audit log beside the webhook, under the policy that was set", async () => {
  const log = readFileSync(join(cluster.place.folder, "logs/audit.log"), "utf8");
  const last = log.trimEnd().split("\n").slice(-20);
  assert.ok(last.length > 0);
  assert.ok(last.every((line) => !line.includes('"managedFields"')));
});

test("a patch with junk nested a thousand deep hides neither itself nor what was asked for beside it", async () => {
  const namespace = await cluster.namespace("deep");
  await cluster.apply(
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "victim" },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: "victim" } },
        template: { metadata: { labels: { app: "victim" } }, spec: { containers: [sleepingContainer] } },
      },
    },
    namespace,
  );
  const before = await counters();
  const containers = [{ ...sleepingContainer, securityContext: { privileged: true } }];
  const junk = `${'{"a":'.repeat(1_000)}1${"}".repeat(1_000)}`;
  const patch = JSON.stringify({ junk: "HERE", spec: { template: { spec: { containers } } } }).replace('"HERE"', junk);
  const inside = ["-n", namespace];
  await Promise.all([
    cluster.mustKubectl([...inside, "patch", "deployment", "victim", "--type=merge", "-p", patch]),
    cluster.apply(sleepingPod("beside", { securityContext: { privileged: true } }), namespace),
    cluster.mustKubectl([...inside, "create", "service", "loadbalancer", "open", "--tcp=80"]),
  ]);
  const patched = await alertIn(namespace, "Privileged Container", "victim");
  assert.equal(patched.where.resource, "deployments");
  await alertIn(namespace, "Privileged Container", "beside");
  await alertIn(namespace, "Exposed Service");
  const after = await counters();
  assert.equal(after.refused - before.refused, 0);
  assert.ok(after.cut > before.cut, "what was left out is counted");
});

test("large requests that are made together hide none: the API server posts few at once", async () => {
  const namespace = await cluster.namespace("large");
  await cluster.apply(sleepingPod("target"), namespace);
  const before = await counters();
  const file = join(cluster.place.folder, "large-patch.json");
  // Together 14 MB, above the 12 MiB that the hub takes at once.
  writeFileSync(file, JSON.stringify({ junk: "x".repeat(1_800_000) }));
  const patch = ["-n", namespace, "patch", "pod", "target", "--type=merge", `--patch-file=${file}`];
  await Promise.all([
    ...Array.from({ length: 8 }, () => cluster.mustKubectl(patch)),
    cluster.apply(sleepingPod("hidden", { securityContext: { privileged: true } }), namespace),
  ]);
  await alertIn(namespace, "Privileged Container", "hidden");
  // What is too heavy to be looked into says so: 300,000 values beside whatever else is asked for.
  writeFileSync(file, JSON.stringify({ junk: Array(300_000).fill(0) }));
  await cluster.mustKubectl(patch);
  rmSync(file);
  await alertIn(namespace, "Audit Record Without Its Body", "target");
  const after = await counters();
  assert.deepEqual([after.tooLarge, after.refused], [before.tooLarge, before.refused]);
});

async function counters(): Promise<{ refused: number; cut: number; tooLarge: number }> {
  const text = await stack.client.text("/metrics");
  const of = (name: string) => Number(new RegExp(`^atalaya_${name} (\\d+)`, "m").exec(text)?.[1] ?? 0);
  return {
    refused: of("audit_records_refused_total"),
    cut: of("audit_records_cut_total"),
    tooLarge: of('refused_total\\{code="BODY_TOO_LARGE"\\}'),
  };
}

test("the node's own sensor and the API server tell of one session, each its part", async () => {
  const namespace = await cluster.namespace("sensor");
  await cluster.apply(sleepingPod("watched"), namespace);
  await cluster.mustKubectl(["-n", namespace, "wait", "--for=condition=Ready", "pod/watched", "--timeout=60s"], 70_000);
  await cluster.kubectl(["-n", namespace, "exec", "watched", "--", "cat", "/etc/shadow"]);
  const entered = await alertIn(namespace, "Exec Into Pod");
  assert.equal(entered.who.user, "admin");
  const read = await alertIn(namespace, "Sensitive File Access");
  assert.equal(read.where.pod, "watched");
  assert.equal(read.where.node, "node1");
});
