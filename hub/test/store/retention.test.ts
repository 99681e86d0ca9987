import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import {
  eventFileName,
  listEventFiles,
  oldEventFiles,
  openEventFile,
  removeEventFile,
} from "../../src/store/event-files.ts";
import { forgetOld } from "../../src/store/forget-old.ts";
import { openMigrated } from "../../src/store/migrate.ts";
import type { OpenDatabase } from "../../src/store/node-sqlite.ts";
import type { HubTables } from "../../src/store/schema.ts";
import { evilExec, frameOf, openTestHub, sender, tempFolder } from "../core/hub-fixture.ts";

const dayMs = 86_400_000;
const now = Date.UTC(2026, 4, 20, 12);

function tenDays(t: TestContext): string {
  const folder = tempFolder(t);
  for (let back = 0; back < 10; back++) openEventFile(folder, eventFileName(now - back * dayMs)).close();
  return folder;
}

test("days beyond retention go, the oldest first, and the others stay", async (t) => {
  const folder = tenDays(t);
  const gone = await oldEventFiles(folder, { nowMs: now, days: 7, bytesOver: 0 });
  assert.deepEqual(gone, ["events-20260511.sqlite", "events-20260512.sqlite"]);
});

test("when there is too much, as many of the oldest days go as it takes, never the newest", async (t) => {
  const folder = tenDays(t);
  for (const name of listEventFiles(folder)) writeFileSync(join(folder, name), Buffer.alloc(100_000));
  const some = await oldEventFiles(folder, { nowMs: now, days: 30, bytesOver: 250_000 });
  assert.deepEqual(some, ["events-20260511.sqlite", "events-20260512.sqlite", "events-20260513.sqlite"]);
  const all = await oldEventFiles(folder, { nowMs: now, days: 30, bytesOver: 1e12 });
  assert.equal(all.length, 9);
  assert.ok(!all.includes("events-20260520.sqlite"));
});

/** Alerts of long ago, as many and as long as a busy year makes; every tenth still unresolved. */
function fillWithOldAlerts(db: OpenDatabase<HubTables>, count: number): void {
  const long = JSON.stringify({ text: "x".repeat(6_000) });
  const insert = (table: string, columns: number) =>
    db.raw.prepare(`INSERT INTO ${table} VALUES (${Array.from({ length: columns }, () => "?").join(",")})`);
  const alerts = insert("alerts", 28);
  const documents = insert("alert_documents", 3);
  const evidence = insert("alert_evidence", 5);
  const processes = insert("alert_processes", 5);
  const entries = insert("alert_entries", 13);
  const recordings = insert("alert_recordings", 13);
  db.raw.exec("BEGIN");
  for (let i = 0; i < count; i++) {
    const [id, status] = [`alert-${i}`, i % 10 === 0 ? "new" : "resolved"];
    const fixed = ["main", id, `key-${i}`, "Old Rule", "syscall", status, "low", 0, null, 1, 10];
    alerts.run(
      ...fixed,
      1_000 + i,
      1_000 + i,
      1_000,
      i,
      "local",
      null,
      null,
      null,
      "node-1",
      " ",
      "old",
      "{}",
      null,
      0,
      null,
      null,
      0,
    );
    documents.run("main", id, long);
    recordings.run("main", id, "local", "node-1", "c", "answered", 1, 2, 3, 1, 0, 0, Buffer.alloc(2_000));
    entries.run("main", id, 1, i, 1, "local", "shop", "web-0", "web", 1_000, 1_000, null, null);
    for (let n = 0; n < 10; n++) {
      evidence.run("main", id, n, `h${n}`, JSON.stringify({ time_us: 1, output: "y".repeat(300), output_fields: {} }));
      processes.run("main", 1, i * 10 + n, 1, id);
    }
  }
  db.raw.exec(`INSERT INTO alert_counts SELECT 'main', status, 'low', count(*) FROM alerts GROUP BY status`);
  db.raw.exec("COMMIT");
}

const rowsOf = (db: OpenDatabase<HubTables>, table: string) =>
  Number(db.raw.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"]);

test("resolved alerts of long ago go with all that is theirs, in steps that hold nobody up", async (t) => {
  const db = await openMigrated(join(tempFolder(t), "hub.sqlite"));
  t.after(() => db.close());
  fillWithOldAlerts(db, 3_000);
  const stepsMs: number[] = [];
  for (let n = 1; n > 0; ) {
    const started = performance.now();
    db.raw.exec("BEGIN IMMEDIATE");
    n = forgetOld(db, { kind: "alerts", beforeUs: 1e15 });
    db.raw.exec("COMMIT");
    stepsMs.push(performance.now() - started);
  }
  assert.equal(rowsOf(db, "alerts"), 300);
  assert.equal(rowsOf(db, "alert_documents"), 300);
  assert.equal(rowsOf(db, "alert_evidence"), 3_000);
  assert.equal(rowsOf(db, "alert_processes"), 3_000);
  assert.equal(rowsOf(db, "alert_entries"), 300);
  assert.equal(rowsOf(db, "alert_recordings"), 300);
  const counts = db.raw.prepare("SELECT status, n FROM alert_counts ORDER BY status").all();
  assert.deepEqual(
    counts.map(({ status, n }) => [status, n]),
    [
      ["new", 300],
      ["resolved", 0],
    ],
  );
  const median = stepsMs.toSorted((a, b) => a - b)[Math.floor(stepsMs.length / 2)] ?? 0;
  t.diagnostic(`a step: median ${median.toFixed(1)} ms, longest ${Math.max(...stepsMs).toFixed(1)} ms`);
  assert.ok(median < 50, `${median} ms`);
});

test("an alert whose process history is gone says so, and is shown with what it remembers", async (t) => {
  const first = await openTestHub(t);
  await first.hub.ingest([frameOf([evilExec()])], sender);
  await first.close();
  // As if it had happened forty days ago.
  const db = await openMigrated(join(first.folder, "hub.sqlite"));
  db.raw.prepare("UPDATE alerts SET committed_us = ?").run((Date.now() - 40 * dayMs) * 1_000);
  db.close();
  for (const name of listEventFiles(first.folder)) await removeEventFile(first.folder, name);
  const { hub } = await openTestHub(t, { dataFolder: first.folder });
  const [summary] = (await hub.alertPage("main", {})).alerts;
  const alert = await hub.alert("main", summary?.alert_id ?? "");
  assert.equal(alert?.process_history_gone, true);
  assert.ok(alert.process_tree.some((row) => row.subject));
});

test("a hub forgets by itself, and counts it", async (t) => {
  const folder = tempFolder(t);
  const db = await openMigrated(join(folder, "hub.sqlite"));
  fillWithOldAlerts(db, 200);
  db.close();
  for (const back of [0, 40]) openEventFile(folder, eventFileName(Date.now() - back * dayMs)).close();
  const { hub } = await openTestHub(t, { dataFolder: folder, keepDays: 30, keepBytes: 1e12 });
  await hub.ingest([frameOf([evilExec()])], sender);
  const removed = async () => (await hub.status("main")).retention?.removed ?? {};
  const deadline = performance.now() + 20_000;
  while ((await removed())["alerts"] !== 180 && performance.now() < deadline) await pause(50);
  assert.equal((await removed())["alerts"], 180);
  assert.equal((await removed())["event_files"], 1);
  const { alerts } = await hub.alertPage("main", { limit: 200 });
  assert.equal(alerts.length, 21);
  const fresh = await hub.alert("main", alerts[0]?.alert_id ?? "");
  assert.equal(fresh?.rule, "Evil Program");
  assert.equal(fresh?.process_history_gone, undefined);
  assert.deepEqual((await hub.status("main")).retention?.keep_days, 30);
});
