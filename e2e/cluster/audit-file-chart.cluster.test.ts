import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { AlertSummary } from "@atalaya/wire";
import { until } from "../../simulator/src/until.ts";
import { auditLogOf } from "./audit-setup.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { nodeName } from "./place.ts";
import { installRelease, type Release, releaseNamespace, removeLeftovers } from "./release.ts";
import { sleepingPod } from "./sleeping-pod.ts";

const say = (line: string) => void process.stderr.write(`${line}\n`);
let cluster: Cluster;
let release: Release;

before(async () => {
  cluster = await startCluster({ name: process.env["ATALAYA_CLUSTER"] || "atalaya-audit-chart", say });
  release = await installRelease(cluster, {}, say);
});
after(async () => {
  await cluster?.down();
  if (release !== undefined) removeLeftovers(release.places);
});

function alerts(rule: string): Promise<AlertSummary[]> {
  return release.alerts("--rule", rule);
}

test("an installed release that is told the audit log's path sends it from control-plane nodes, and nobody is accused", async () => {
  await cluster.mustKubectl(["label", "node", nodeName, "node-role.kubernetes.io/control-plane="]);
  await release.apply({ "audit.file.path": auditLogOf(cluster.place) });
  const follows = async () => {
    const args = ["-n", releaseNamespace, "logs", "daemonset/atalaya-collector-control-plane-ds"];
    return /reads the audit log/.test((await cluster.kubectl(args)).stdout);
  };
  await until("the collector's word that it reads the log", follows, 60_000);
  const namespace = await cluster.namespace("chart");
  await cluster.apply(sleepingPod("root-of-the-node", { securityContext: { privileged: true } }), namespace);
  const found = async () => (await alerts("Privileged Container")).some((alert) => alert.where.namespace === namespace);
  await until("the alert", found, 20_000);
  assert.deepEqual(await alerts("Sensor Identity Mismatch"), []);
  const nodes = await release.atalaya("nodes");
  assert.match(nodes, /with its audit log/);
});

test("uninstalled, nothing of the control plane's daemon sets is left", async () => {
  await release.uninstall();
  const args = ["-n", releaseNamespace, "get", "daemonsets,serviceaccounts", "-o", "name"];
  assert.doesNotMatch(await cluster.mustKubectl(args), /atalaya/);
});
