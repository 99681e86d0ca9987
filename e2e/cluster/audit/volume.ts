import { readFileSync } from "node:fs";
import { mustRun } from "../../../simulator/src/run-program.ts";
import { type AuditSetup, auditLogOf } from "../audit-setup.ts";
import { type Cluster, kubectlCommand } from "../cluster.ts";
import { webContainer } from "./scene.ts";

/** What an audit set-up noted while a cluster worked. */
export type Volume = { requests: number; records: number; bytes: number };

/** A policy that notes everything, with its bodies: what people begin with. */
export const wholePolicy = JSON.stringify({
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [{ level: "RequestResponse" }],
});

/** Restarts the API server with the set-up, lets the cluster work for `rounds`, and counts requests, records and bytes. */
export async function measureVolume(cluster: Cluster, setup: AuditSetup, rounds: number): Promise<Volume> {
  await cluster.setAudit(setup);
  // The parts that lost their API server list everything again: that belongs to no policy's day.
  await cluster.mustKubectl(["wait", "--for=condition=Ready", "node", "--all", "--timeout=60s"], 70_000);
  const log = auditLogOf(cluster.place, setup);
  const [requestsBefore, before] = [await requestsOf(cluster), readFileSync(log).length];
  const namespace = await cluster.namespace("volume");
  for (let round = 0; round < rounds; round++) await work(cluster, namespace, `web-${round}`);
  const requests = (await requestsOf(cluster)) - requestsBefore;
  const noted = readFileSync(log).subarray(before);
  return { requests, records: noted.toString("latin1").split("\n").length - 1, bytes: noted.length };
}

/** What people and their tools do all day: deploy, wait, look, enter, scale, change, remove. */
async function work(cluster: Cluster, namespace: string, name: string): Promise<void> {
  const kubectl = (...args: string[]) => cluster.mustKubectl(["-n", namespace, ...args], 70_000);
  await cluster.apply(deployment(name), namespace);
  await kubectl("create", "configmap", name, "--from-literal=greeting=hello");
  await kubectl("create", "service", "clusterip", name, "--tcp=80");
  await kubectl("rollout", "status", `deployment/${name}`, "--timeout=60s");
  await kubectl("get", "all");
  await kubectl("get", "pods", "-A", "-o", "wide");
  await kubectl("get", "events");
  await kubectl("exec", `deployment/${name}`, "--", "true");
  await kubectl("scale", "deployment", name, "--replicas=1");
  await kubectl("set", "env", `deployment/${name}`, "GREETING=hello");
  await kubectl("rollout", "status", `deployment/${name}`, "--timeout=60s");
  await kubectl("describe", "deployment", name);
  await kubectl("delete", "deployment,configmap,service", name);
}

function deployment(name: string): object {
  const labels = { app: name };
  const spec = { terminationGracePeriodSeconds: 0, containers: [webContainer] };
  const template = { metadata: { labels }, spec };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name },
    spec: { replicas: 3, selector: { matchLabels: labels }, template },
  };
}

/** Every request that the API server answered since its start. Read by lines: its metrics are more than is kept of an output. */
async function requestsOf({ place }: Cluster): Promise<number> {
  let sum = 0;
  const onOutputLine = (line: string) => {
    const count = /^apiserver_request_total\{.*\} (\S+)$/.exec(line)?.[1];
    if (count !== undefined) sum += Number(count);
  };
  await mustRun("nsenter", kubectlCommand(place, ["get", "--raw", "/metrics"]), { onOutputLine, timeoutMs: 60_000 });
  return sum;
}
