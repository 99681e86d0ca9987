import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Alert, type AlertSummary, alertPageSchema, alertSchema } from "@atalaya/wire";
import { until } from "../../simulator/src/until.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { type StackInCluster, startStackIn } from "./stack-in-cluster.ts";

let cluster: Cluster;
let stack: StackInCluster;

before(async () => {
  cluster = await startCluster({ name: process.env["ATALAYA_CLUSTER"] || "atalaya-audit" });
  stack = await startStackIn(cluster);
  const policy = await stack.client.text("/api/v1/audit-policy");
  await cluster.setAudit({ policy, webhookKubeconfig: await stack.auditKubeconfig() });
});
after(async () => {
  await stack?.stop();
  await cluster?.down();
});

async function alertIn(namespace: string, rule: string): Promise<Alert> {
  let found: AlertSummary | undefined;
  await until(
    `the alert ${rule} in ${namespace}`,
    async () => {
      const { alerts } = await stack.client.get("/api/v1/alerts?limit=200", alertPageSchema);
      found = alerts.find((alert) => alert.rule === rule && alert.where.namespace === namespace);
      return found !== undefined;
    },
    10_000,
  );
  assert.ok(found !== undefined);
  return stack.client.get(`/api/v1/alerts/${found.alert_id}`, alertSchema);
}

const privilegedPod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "root-of-the-node" },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: "main",
        image: "localhost/busybox:1",
        imagePullPolicy: "Never",
        command: ["sleep", "600"],
        securityContext: { privileged: true },
      },
    ],
  },
};

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
