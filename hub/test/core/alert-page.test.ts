import assert from "node:assert/strict";
import { test } from "node:test";
import { evilExec, frameOf, openTestHub, sender } from "./hub-fixture.ts";

const manyContainers = (n: number, at = Date.now() * 1_000) =>
  Array.from({ length: n }, (_, i) =>
    evilExec({ container_id: `c${i}`, time_us: at + Math.floor(i / 2), k8s_namespace: i % 2 ? "shop" : "bank" }),
  );

test("pages hold every alert once, newest first, also when times are equal", async (t) => {
  const { hub } = await openTestHub(t);
  await hub.ingest([frameOf(manyContainers(25))], sender);
  const seen: string[] = [];
  const times: number[] = [];
  let cursor: string | undefined;
  do {
    const page = await hub.alertPage("main", { limit: 4, ...(cursor === undefined ? {} : { cursor }) });
    seen.push(...page.alerts.map((alert) => alert.alert_id));
    times.push(...page.alerts.map((alert) => alert.last_seen_us));
    cursor = page.next_cursor;
  } while (cursor !== undefined);
  assert.equal(seen.length, 25);
  assert.equal(new Set(seen).size, 25);
  assert.deepEqual(
    times,
    times.toSorted((a, b) => b - a),
  );
});

test("filters narrow by namespace, container, technique, severity, rule, node, time; several values by commas", async (t) => {
  const { hub } = await openTestHub(t);
  const at = 1_700_000_000_000_000;
  await hub.ingest([frameOf(manyContainers(6, at))], sender);
  const count = async (query: object) => (await hub.alertPage("main", query)).alerts.length;
  assert.equal(await count({ namespace: "shop" }), 3);
  assert.equal(await count({ namespace: "shop,bank" }), 6);
  assert.equal(await count({ container: "c1" }), 1);
  assert.equal(await count({ technique: "T1059" }), 6);
  assert.equal(await count({ technique: "T105" }), 0);
  assert.equal(await count({ severity: "critical,low" }), 0);
  assert.equal(await count({ severity: "high" }), 6);
  assert.equal(await count({ rule: "Evil Program", node: "node-1", status: "new" }), 6);
  assert.equal(await count({ since_us: at + 2 }), 2);
  assert.equal(await count({ until_us: at }), 2);
});

test("words are found without accents and in any case, in both languages, all of them needed", async (t) => {
  const { hub } = await openTestHub(t);
  await hub.ingest([frameOf([evilExec()])], sender);
  const found = async (q: string) => (await hub.alertPage("main", { q })).alerts.length;
  assert.equal(await found("AUTENTICACION"), 1);
  assert.equal(await found("autenticación evil"), 1);
  assert.equal(await found("evil program"), 1);
  assert.equal(await found("c0ffee"), 1);
  assert.equal(await found("evil nowhere"), 0);
  assert.equal(await found("100%"), 0);
});

test("a cursor that is not ours gives the first page", async (t) => {
  const { hub } = await openTestHub(t);
  await hub.ingest([frameOf([evilExec()])], sender);
  assert.equal((await hub.alertPage("main", { cursor: "'; DROP TABLE alerts" })).alerts.length, 1);
});
