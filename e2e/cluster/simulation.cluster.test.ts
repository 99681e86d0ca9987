import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Alert, alertSchema, type Notification, notificationSchema } from "@atalaya/wire";
import { type Cluster, startCluster } from "./cluster.ts";
import { prepareSimulations, type SimulationLine, type Simulations } from "./simulate-in-cluster.ts";
import { assertAllCame, assertNothingIsLeft, fromAudit } from "./simulation-proof.ts";
import { type StackInCluster, startStackIn } from "./stack-in-cluster.ts";

/** From an action, which is a system call or a request, to its alert, in seconds. */
const limits = { sensor: 5, audit: 10 };
const isFull = process.env["ATALAYA_CLUSTER_FULL"] === "1";

let cluster: Cluster;
let stack: StackInCluster;
let simulations: Simulations;
const falcoNamedRules = fileURLToPath(new URL("falco-named-rules.yaml", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "atalaya-simulation-test-"));

before(async () => {
  cluster = await startCluster({ name: process.env["ATALAYA_CLUSTER"] || "atalaya-simulate" });
  simulations = await prepareSimulations(cluster);
  stack = await startStackIn(cluster, { sensor: true, hubArgs: ["--rules", falcoNamedRules] });
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

const readAlert = ({ alert_id }: SimulationLine) => stack.client.get(`/api/v1/alerts/${alert_id}`, alertSchema);

/** Seconds from the action itself; the simulation's own figure begins with the order, which is only on its way then. */
function secondsOf({ committed_us, first_seen_us }: Alert): number {
  return (committed_us - first_seen_us) / 1e6;
}

function assertSaysWhere({ where }: Alert, alert: string): void {
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
    assertAllCame(run);
    const took = { sensor: 0, audit: 0 };
    for (const line of run.lines) {
      const alert = await readAlert(line);
      assertSaysWhere(alert, line.alert);
      const from = line.alert === fromAudit ? "audit" : "sensor";
      took[from] = Math.max(took[from], secondsOf(alert));
      assert.ok(secondsOf(alert) <= limits[from], `${line.alert} took ${secondsOf(alert)} s`);
    }
    await assertNothingIsLeft(cluster);
    assert.match(readFileSync(junit, "utf8"), /tests="13" failures="0" errors="0" skipped="0"/);
    const fromOrder = Math.max(...run.lines.map(({ seconds }) => seconds ?? 0));
    const each = `the sensor's within ${took.sensor.toFixed(2)} s, the audit log's within ${took.audit.toFixed(2)} s`;
    t.diagnostic(`13 of 13: ${each} of the action, all within ${fromOrder.toFixed(2)} s of the order`);
  });
}

test("another product that posts its alerts as Falco does is scored by the mapping of Falco's rules", async () => {
  const setting: Notification = {
    enabled: true,
    url: "http://192.0.2.10:2801/",
    shape: "falco",
    min_severity: "informational",
    stdout: false,
    file: null,
  };
  let isTold = false;
  const run = await simulations.run(["all", "--listen", "192.0.2.10:2801", "--timeout", "10", "--json"], {
    onOutput(text) {
      if (isTold || !text.includes("are taken at http://192.0.2.10:2801/")) return;
      isTold = true;
      void stack.client.put("/api/v1/notification", setting, notificationSchema);
    },
  });
  await stack.client.put("/api/v1/notification", { ...setting, enabled: false }, notificationSchema);
  const scored = (status: string) =>
    run.lines.filter((line) => line.status === status).map((line) => line.alert.split(" ").slice(0, 3).join(" "));
  assert.deepEqual(scored("not_covered").sort(), ["Communication with test", "Suspicious access to"], run.errors);
  assert.deepEqual(scored("missed").sort(), ["Kubernetes CPU optimization", "Network scanning tool"], run.errors);
  assert.equal(scored("alerted").length, 9, run.errors);
  assert.equal(run.status, 1);
  await assertNothingIsLeft(cluster);
});
