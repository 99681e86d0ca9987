import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { alertSchema } from "@atalaya/wire";
import { type Cluster, startCluster } from "./cluster.ts";
import {
  prepareSimulations,
  type SimulationLine,
  type SimulationRun,
  type Simulations,
} from "./simulate-in-cluster.ts";
import { type StackInCluster, startStackIn } from "./stack-in-cluster.ts";

/** From an action to its alert, in seconds. */
const limits = { sensor: 5, audit: 10 };
const fromAudit = "Suspicious Kubernetes service account operation detected";
const isFull = process.env["ATALAYA_CLUSTER_FULL"] === "1";

let cluster: Cluster;
let stack: StackInCluster;
let simulations: Simulations;
const folder = mkdtempSync(join(tmpdir(), "atalaya-simulation-test-"));

before(async () => {
  cluster = await startCluster({ name: process.env["ATALAYA_CLUSTER"] || "atalaya-simulate" });
  simulations = await prepareSimulations(cluster);
  stack = await startStackIn(cluster, { sensor: true });
  const policy = await stack.client.text("/api/v1/audit-policy");
  await cluster.setAudit({ policy, webhookKubeconfig: await stack.auditKubeconfig() });
});
after(async () => {
  simulations?.close();
  await stack?.stop();
  await cluster?.down();
  rmSync(folder, { recursive: true, force: true });
});

const simulate = (...args: string[]) => simulations.run([...args, "--data", stack.dataFolder]);

/** Nothing of any run is in the cluster: neither its namespace nor Helm's record of the release. */
async function assertNothingIsLeft(): Promise<void> {
  const left = await cluster.mustKubectl(["get", "namespaces", "-l", "atalaya.dev/simulation", "-o", "name"]);
  assert.equal(left, "");
  assert.equal(await cluster.mustKubectl(["get", "secrets", "-A", "-l", "owner=helm", "-o", "name"]), "");
}

function assertAllInTime({ lines, status, errors }: SimulationRun): void {
  assert.deepEqual(
    lines.filter((line) => line.status !== "alerted"),
    [],
    errors,
  );
  assert.equal(new Set(lines.map((line) => line.alert)).size, 13, errors);
  for (const line of lines) {
    const limit = line.alert === fromAudit ? limits.audit : limits.sensor;
    assert.ok(line.seconds !== null && line.seconds <= limit, JSON.stringify(line));
  }
  assert.equal(status, 0, errors);
}

async function assertSaysWhere({ alert, alert_id }: SimulationLine): Promise<void> {
  const { where } = await stack.client.get(`/api/v1/alerts/${alert_id}`, alertSchema);
  assert.match(where.namespace ?? "", /^atalaya-simulation-/, alert);
  assert.equal(where.pod, "victim", alert);
  // A token names its pod, not which container of it used it.
  if (alert === fromAudit) return;
  assert.equal(where.container_name, "php", alert);
  assert.match(where.container_id ?? "", /^[0-9a-f]{64}$/, alert);
  assert.match(where.image ?? "", /atalaya-simulation/, alert);
}

for (const n of Array.from({ length: isFull ? 10 : 1 }, (_, i) => i + 1)) {
  test(`all thirteen alerts arrive in time and say in which pod (run ${n})`, { timeout: 300_000 }, async (t) => {
    const junit = join(folder, `junit-${n}.xml`);
    const run = await simulate("all", "--json", "--junit", junit);
    assertAllInTime(run);
    for (const line of run.lines) await assertSaysWhere(line);
    await assertNothingIsLeft();
    assert.match(readFileSync(junit, "utf8"), /tests="13" failures="0" errors="0" skipped="0"/);
    const slowest = (lines: SimulationLine[]) => Math.max(...lines.map(({ seconds }) => seconds ?? 0)).toFixed(2);
    const ofSensor = slowest(run.lines.filter((line) => line.alert !== fromAudit));
    const ofAudit = slowest(run.lines.filter((line) => line.alert === fromAudit));
    t.diagnostic(`13 of 13; the slowest of the sensor's after ${ofSensor} s, the audit log's after ${ofAudit} s`);
  });
}
