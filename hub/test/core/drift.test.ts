import assert from "node:assert/strict";
import { test } from "node:test";
import type { HubCore } from "../../src/hub-core.ts";
import { evilExec, evilRule, frameOf, openTestHub, sender } from "./hub-fixture.ts";

const driftRule = evilRule.replace("tags: [T1059]", "tags: [T1059, drift]");
const builtIn = [{ path: "drift.yaml", text: driftRule, pack: "built-in" }];
const inBuilds = () => evilExec({ container_id: "c-build", k8s_namespace: "builds", exe_path: "/workspace/tool" });
const inShop = () => evilExec({ container_id: "c-shop", k8s_namespace: "shop", exe_path: "/tmp/evil" });

async function alertsOf(hub: HubCore): Promise<number> {
  return (await hub.alertPage("main", {})).alerts.reduce((sum, alert) => sum + alert.count, 0);
}

test("a drift policy lets pass what it ignores, tells the rest, and stays over a restart", async (t) => {
  const first = await openTestHub(t, { builtIn });
  assert.deepEqual(await first.hub.driftPolicy("main"), { rules: [] });
  await first.hub.ingest([frameOf([inBuilds(), inShop()])], sender);
  assert.equal(await alertsOf(first.hub), 2, "without a policy everything is told");
  const policy = {
    rules: [{ name: "builds", namespaces: ["build*"], allow: ["/workspace/*"], action: "alert" as const }],
  };
  await first.hub.putDriftPolicy("main", policy);
  await first.hub.ingest([frameOf([inBuilds(), inShop()])], sender);
  assert.equal(await alertsOf(first.hub), 3);
  await first.close();
  const { hub } = await openTestHub(t, { dataFolder: first.folder, builtIn });
  assert.deepEqual(await hub.driftPolicy("main"), policy);
  await hub.ingest([frameOf([inBuilds(), inShop()])], sender);
  assert.equal(await alertsOf(hub), 4);
  await hub.putDriftPolicy("main", { rules: [] });
  await hub.ingest([frameOf([inBuilds()])], sender);
  assert.equal(await alertsOf(hub), 5);
});

test("a drift policy is its workspace's own, and has no say on other rules", async (t) => {
  const other = await openTestHub(t);
  await other.hub.putDriftPolicy("main", { rules: [{ name: "all", action: "ignore" }] });
  await other.hub.ingest([frameOf([inShop()])], sender);
  assert.equal(await alertsOf(other.hub), 1, "the rule has no tag drift");
  const { hub } = await openTestHub(t, { builtIn });
  await hub.putDriftPolicy("elsewhere", { rules: [{ name: "all", action: "ignore" }] });
  await hub.ingest([frameOf([inShop()])], sender);
  assert.equal(await alertsOf(hub), 1);
});
