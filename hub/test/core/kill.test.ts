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
