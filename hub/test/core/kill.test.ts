import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { openTestHub, tempFolder } from "./hub-fixture.ts";

test("what was acknowledged is there after kill -9, and what is sent again is known", async (t) => {
  const folder = tempFolder(t);
  const child = fork(join(import.meta.dirname, "acknowledging-hub.ts"), [folder], {
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  t.after(() => child.kill("SIGKILL"));
  const acknowledged: string[] = [];
  child.on("message", (container: string) => {
    acknowledged.push(container);
    if (acknowledged.length === 20) child.kill("SIGKILL");
  });
  await once(child, "exit");
  const { hub } = await openTestHub(t, { dataFolder: folder });
  const { alerts } = await hub.alertPage("main", { limit: 200 });
  const stored = new Set(alerts.map((alert) => alert.where.container_id));
  for (const container of acknowledged) assert.ok(stored.has(container), container);
  assert.ok(acknowledged.length >= 20);
});

test("over kill -9 in the middle of ingest the account is exact: what was received is committed or a duplicate", async (t) => {
  const folder = tempFolder(t);
  let sent = 0;
  // Each victim sends everything from the start again, as a publisher that got no acknowledgement does.
  for (const kills of [25, 60]) {
    const child = fork(join(import.meta.dirname, "acknowledging-hub.ts"), [folder], {
      execArgv: ["--disable-warning=ExperimentalWarning"],
    });
    t.after(() => child.kill("SIGKILL"));
    let acknowledged = 0;
    child.on("message", () => {
      acknowledged += 1;
      if (acknowledged === kills) child.kill("SIGKILL");
    });
    await once(child, "exit");
    sent = Math.max(sent, acknowledged);
  }
  const { hub } = await openTestHub(t, { dataFolder: folder });
  const { nodes } = await hub.ledger("main", {});
  const row = nodes[0]?.rows.find(({ hop, class: name }) => hop === "hub" && name === "process");
  assert.ok(row !== undefined);
  const { alerts } = await hub.alertPage("main", { limit: 200 });
  // Each event has a container, and so an alert, of its own.
  const { events_total } = await hub.status("main");
  assert.deepEqual([row.out, events_total], [alerts.length, alerts.length]);
  const duplicates = row.left_out.find(({ reason }) => reason === "duplicate")?.value ?? 0;
  assert.deepEqual([row.in, row.difference], [row.out + duplicates, 0]);
  assert.ok(row.out >= sent && duplicates >= 25, JSON.stringify(row));
});
