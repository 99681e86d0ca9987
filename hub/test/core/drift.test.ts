import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import type { DesiredState, DriftPolicy } from "@atalaya/wire";
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

test("a policy that blocks reaches the nodes of its workspace in their next state, and goes again", async (t) => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const caKey = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  const { hub, close, folder } = await openTestHub(t, { builtIn, caKey });
  const of = { workspaceId: "main", cluster: "c", node: "n" };
  const driftOf = async (core: HubCore, node = of) => {
    const signed = await core.desiredState(node, 0, 0, AbortSignal.abort());
    return (JSON.parse(signed?.state ?? "{}") as DesiredState).drift;
  };
  assert.equal(await driftOf(hub), undefined);
  const blocks: DriftPolicy = { rules: [{ name: "shop", namespaces: ["shop"], action: "block" }] };
  await hub.putDriftPolicy("main", { rules: [{ name: "all", action: "alert" }] });
  assert.equal(await driftOf(hub), undefined, "no node needs to know");
  await hub.putDriftPolicy("main", blocks);
  assert.deepEqual(await driftOf(hub), blocks);
  assert.equal(await driftOf(hub, { ...of, workspaceId: "other" }), undefined);
  await close();
  const again = await openTestHub(t, { dataFolder: folder, builtIn, caKey });
  assert.deepEqual(await driftOf(again.hub), blocks);
  await again.hub.putDriftPolicy("main", { rules: [] });
  assert.equal(await driftOf(again.hub), undefined);
});

test("what was blocked is told, whatever the policy says by now", async (t) => {
  const { hub } = await openTestHub(t, { builtIn });
  await hub.putDriftPolicy("main", { rules: [{ name: "all", action: "ignore" }] });
  await hub.ingest([frameOf([evilExec({ container_id: "c", exe_path: "/x", exec_verdict: "blocked" })])], sender);
  assert.equal(await alertsOf(hub), 1);
});
