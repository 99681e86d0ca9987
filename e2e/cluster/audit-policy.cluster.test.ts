import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { builtInPacks } from "@atalaya/detections";
import { loadRules } from "@atalaya/rules";
import { alertPageSchema } from "@atalaya/wire";
import { until } from "../../simulator/src/until.ts";
import { firedBy } from "../capture/fired.ts";
import { auditActions } from "./audit/actions.ts";
import { eventsOf, type Made, makeActions } from "./audit/make-actions.ts";
import { truncatedLog } from "./audit-setup.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { type StackInCluster, startStackIn } from "./stack-in-cluster.ts";

const rules = loadRules(builtInPacks());
let cluster: Cluster;
let stack: StackInCluster;
let made: readonly Made[] = [];

before(async () => {
  cluster = await startCluster({ name: process.env["ATALAYA_CLUSTER"] || "atalaya-policy" });
  stack = await startStackIn(cluster);
  // As `atalaya audit policy` and `atalaya audit kubeconfig` print them.
  const policy = (await stack.atalaya("audit", "policy")).stdout;
  await cluster.setAudit({ policy, webhookKubeconfig: await stack.auditKubeconfig(), flags: truncatedLog });
});
after(async () => {
  await stack?.stop();
  await cluster?.down();
});

const isFiring = ({ action }: Made) => action.name.startsWith("fires-");
const nameOf = ({ action }: Made) => `${action.rule}, ${action.name}: ${action.command}`;

test("there is a real action and a real twin for every rule of the API server's audit log", () => {
  const wanted = rules.rules.filter((rule) => rule.source === "k8s_audit").map((rule) => rule.name);
  for (const kind of ["fires-", "quiet-"])
    assert.deepEqual(
      [...new Set(auditActions.filter((one) => one.name.startsWith(kind)).map((one) => one.rule))].sort(),
      wanted.sort(),
    );
});

test("under the recommended policy the API server notes what each rule reads, and of the twins nothing that fires", async () => {
  made = await makeActions(cluster, auditActions);
  for (const one of made) {
    const { events, refused } = eventsOf(one);
    assert.deepEqual(refused, [], nameOf(one));
    assert.deepEqual(firedBy(rules, events), isFiring(one) ? [one.action.rule] : [], nameOf(one));
  }
});

test("each of these actions has raised its alert at the hub, and no twin has", async () => {
  const alertsOf = async ({ namespace, action }: Made) => {
    const query = new URLSearchParams({ limit: "200", rule: action.rule });
    const { alerts } = await stack.client.get(`/api/v1/alerts?${query}`, alertPageSchema);
    // Where an object has no namespace, its name or who asked for it has.
    return alerts.filter(({ where, summary }) => where.namespace === namespace || summary.en.includes(namespace));
  };
  for (const one of made.filter(isFiring))
    await until(`the alert of ${nameOf(one)}`, async () => (await alertsOf(one)).length > 0, 10_000);
  for (const one of made.filter((other) => !isFiring(other))) assert.deepEqual(await alertsOf(one), [], nameOf(one));
});
