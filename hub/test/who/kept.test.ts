import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { openMigrated } from "../../src/store/migrate.ts";
import { WaitingPods } from "../../src/store/waiting-pods.ts";
import { readOpen } from "../../src/store/who-rows.ts";
import { whoLimits } from "../../src/who/limits.ts";
import { frameOf, openTestHub, sender, tempFolder } from "../core/hub-fixture.ts";
import { auditRecord, entered, evilChild, onlyAlert, reportAt, said } from "./pod-world.ts";

const at = Math.floor(Date.now() / 1_000) - 60;
const audit = { ...sender, node: null };

test("what is settled stays settled after a start of the hub", async (t) => {
  const first = await openTestHub(t);
  await first.hub.audit([auditRecord({ user: "ana", receivedS: at })], audit);
  await first.hub.ingest([frameOf([entered(30, at + 0.2, ["bash"]), evilChild(40, 30, at + 1)])], sender);
  await first.hub.ingest([frameOf([reportAt(at + 50)])], sender);
  await first.close();
  const second = await openTestHub(t, { dataFolder: first.folder });
  const end = auditRecord({ user: "ana", receivedS: at, stage: "ResponseComplete", stageS: at + 45 });
  await second.hub.audit([end], audit);
  assert.deepEqual(said((await onlyAlert(second)).alert.done_by), ["started known ana (only_match)"]);
});

test("a pod that waits for its join waits on after a start of the hub", async (t) => {
  const first = await openTestHub(t);
  const [pod, container_id] = ["late-0", "c1a7e"];
  await first.hub.audit([auditRecord({ user: "ana", receivedS: at, pod })], audit);
  const others = Array.from({ length: whoLimits.podsJoinedAtOnce }, (_, i) =>
    entered(1_000 + i, at + 0.1, ["bash"], { k8s_pod: `web-${i}`, container_id: `c${i}` }),
  );
  const inPod = { k8s_pod: pod, container_id };
  const own = [entered(30, at + 0.2, ["bash"], inPod), evilChild(40, 30, at + 1, inPod)];
  await first.hub.ingest([frameOf([...others, ...own])], sender);
  assert.equal((await onlyAlert(first)).alert.done_by, undefined, "it waits");
  await first.close();
  const second = await openTestHub(t, { dataFolder: first.folder });
  await second.hub.ingest([frameOf([reportAt(at + 50)])], sender);
  assert.deepEqual(said((await onlyAlert(second)).alert.done_by), ["started known ana (only_match)"]);
});

test("a pod waits once, with all that is to be judged of it; beyond the limit it is told that it does not", async (t) => {
  const db = await openMigrated(join(tempFolder(t), "hub.sqlite"));
  t.after(() => db.close());
  const podOf = (pod: string) => ({ workspaceId: "main", cluster: "local", namespace: "shop", pod });
  const waiting = new WaitingPods(db);
  const window = (fromUs: number) => ({ fromUs, toUs: fromUs + 1 });
  assert.ok(waiting.add({ key: podOf("web-0"), windows: [window(10)] }));
  assert.ok(waiting.add({ key: podOf("web-1"), windows: [] }));
  assert.ok(waiting.add({ key: podOf("web-0"), windows: [window(20), window(11)] }));
  assert.deepEqual(new WaitingPods(db).next(9), [
    { key: podOf("web-1"), windows: [] },
    { key: podOf("web-0"), windows: [{ fromUs: 10, toUs: 12 }, window(20)] },
  ]);
  db.raw.exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${whoLimits.podsWaitingMax})
    INSERT INTO who_waiting (workspace_id, cluster, namespace, pod, windows) SELECT 'main', 'local', 'shop', 'p' || i, '[]' FROM n`);
  const full = new WaitingPods(db);
  assert.equal(full.add({ key: podOf("new"), windows: [] }), false);
  assert.ok(full.add({ key: podOf("p9"), windows: [window(1)] }), "it is among them");
  assert.deepEqual(full.withWaiting({ key: podOf("p9"), windows: [window(8)] }).windows, [window(8), window(1)]);
  assert.ok(full.add({ key: podOf("new"), windows: [] }), "there is room again");
});

test("of very many ended sessions only the newest are looked through, and then nobody is known", async (t) => {
  const db = await openMigrated(join(tempFolder(t), "hub.sqlite"));
  t.after(() => db.close());
  const key = { workspaceId: "main", cluster: "local", namespace: "shop", pod: "web-0" };
  const told = JSON.stringify({ kind: "port-forward", user: "ana", audit_id: "a" });
  const insert = (from: number, to: number) =>
    db.raw.exec(`WITH RECURSIVE n (i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i < ${to})
      INSERT INTO who_sessions (workspace_id, cluster, namespace, pod, kind, received_us, ended_us, session_id, told, seen_us)
      SELECT 'main', 'local', 'shop', 'web-0', 'port-forward', i * 10, i * 10 + 1, 'a' || i, '${told}', 1 FROM n`);
  const read = () => readOpen(db, key, "port-forward", { fromUs: 100_000, toUs: 200_000 });
  insert(1, whoLimits.presentScannedMax);
  assert.deepEqual(read(), { sessions: [], isWhole: true });
  insert(whoLimits.presentScannedMax + 1, whoLimits.presentScannedMax + 1);
  assert.deepEqual(read(), { sessions: [], isWhole: false });
});

const otherNode = { ...sender, credentialId: "sensor-2", node: "node-2" };
const sayOfBoth = async ({ hub }: Awaited<ReturnType<typeof openTestHub>>): Promise<string[]> => {
  await hub.audit([auditRecord({ user: "ana", receivedS: at })], audit);
  await hub.ingest([frameOf([entered(30, at + 0.2, ["bash"]), evilChild(40, 30, at + 1)])], sender);
  const forged = { container_id: "f0e" };
  const claimed = [entered(50, at + 0.3, ["bash"], forged), evilChild(60, 50, at + 1, forged)];
  await hub.ingest([frameOf(claimed, { node: "node-2", bootId: "f".repeat(32) })], otherNode);
  await hub.ingest([frameOf([reportAt(at + 50)])], sender);
  await hub.ingest([frameOf([reportAt(at + 50)], { node: "node-2", bootId: "f".repeat(32) })], otherNode);
  const { alerts } = await hub.alertPage("main", {});
  const all = await Promise.all(alerts.map(({ alert_id }) => hub.alert("main", alert_id)));
  return all.map((alert) => `${alert?.where.node}: ${said(alert?.done_by).join() || "nobody"}`).sort();
};

/** As the inventory tells of the pod. */
function runsOnNodeOne(folder: string): void {
  const db = new DatabaseSync(join(folder, "hub.sqlite"), { timeout: 5_000 });
  db.exec(`INSERT INTO inventory_objects (workspace_id, cluster, uid, kind, namespace, name, resource_version, seen,
    is_workload, node, images, labels, facts, created_us, changed_us)
    VALUES ('main', 'local', 'u1', 'Pod', 'shop', 'web-0', '1', 1, 0, 'node-1', '', '{}', '{}', 1, 1)`);
  db.close();
}

test("a node that names another node's pod takes no session from it", async (t) => {
  const world = await openTestHub(t);
  runsOnNodeOne(world.folder);
  assert.deepEqual(await sayOfBoth(world), ["node-1: started known ana (only_match)", "node-2: nobody"]);
  assert.match(await world.hub.metrics(), /who_not_joined_total\{reason="starts_elsewhere"\} 1\n/);
});

test("a node that tells of hundreds of starts in another node's pod takes no session from it either", async (t) => {
  const world = await openTestHub(t);
  runsOnNodeOne(world.folder);
  const many = Array.from({ length: whoLimits.startsReadMax + 44 }, (_, i) =>
    entered(1_000 + i, at - 0.5 + i / 1_000, ["sh"], { container_id: "f0e" }),
  );
  await world.hub.ingest([frameOf(many, { node: "node-2", bootId: "f".repeat(32) })], otherNode);
  assert.deepEqual(await sayOfBoth(world), ["node-1: started known ana (only_match)", "node-2: nobody"]);
});

test("where nobody knows which of two nodes runs the pod, nobody is known", async (t) => {
  assert.deepEqual(await sayOfBoth(await openTestHub(t)), [
    "node-1: started ambiguous ana (too_many)",
    "node-2: started ambiguous ana (too_many)",
  ]);
});
