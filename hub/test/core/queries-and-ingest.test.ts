import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import type { HubCore } from "../../src/hub-core.ts";
import { evilExec, frameOf, openTestHub, processEvent, sender } from "./hub-fixture.ts";

const alertsMade = 5_000;
const phaseMs = 1_500;

/** As many alerts as a bad month makes, each with much text to look through. */
function fill(folder: string): void {
  const db = new DatabaseSync(join(folder, "hub.sqlite"), { timeout: 10_000 });
  const marks = Array.from({ length: 28 }, () => "?").join(",");
  const insert = db.prepare(`INSERT INTO alerts VALUES (${marks})`);
  const nothingOfPods = [null, 0, null, null, 0] as const;
  const fixed = { source: "syscall", title: { en: "Old", es: "Old" }, summary: { en: "Old", es: "Old" } };
  const summary = JSON.stringify({ ...fixed, priority: "Warning", where: {}, attack: [], tags: [] });
  const text = "many words about a process that did something ".repeat(40);
  const nowUs = Date.now() * 1_000;
  db.exec("BEGIN IMMEDIATE");
  for (let i = 0; i < alertsMade; i++) {
    const [id, at] = [`old-${i}`, nowUs - i * 1_000_000];
    const head = ["main", id, `key-${i}`, `Rule ${i % 40}`, "syscall", "new", "low", 0, null, 1, 0];
    insert.run(
      ...head,
      at,
      at,
      at,
      i + 1,
      "local",
      "shop",
      "c0ffee",
      "app",
      "node-1",
      " T1059 ",
      text,
      summary,
      ...nothingOfPods,
    );
  }
  db.exec("COMMIT");
  db.close();
}

/** What a page with everything switched on asks for, again and again. */
async function heavyQueries(hub: HubCore, alertId: string, goesOn: () => boolean): Promise<number> {
  let asked = 0;
  const loop = async () => {
    while (goesOn()) {
      const filters = { status: "new,acknowledged", severity: "low,high", namespace: "shop", node: "node-1" };
      await Promise.all([
        hub.alertPage("main", { ...filters, q: "words that no alert has", technique: "T1059", limit: 200 }),
        hub.alertPage("main", { q: "something", limit: 200 }),
        hub.alert("main", alertId),
        hub.rules("main"),
        hub.alertsSince("main", 0),
      ]);
      asked += 5;
    }
  };
  await Promise.all([loop(), loop(), loop()]);
  return asked;
}

/** Sends for a while; how long each acknowledgement took. */
async function flood(hub: HubCore): Promise<number[]> {
  const waitsMs: number[] = [];
  const until = performance.now() + phaseMs;
  const lane = async () => {
    while (performance.now() < until) {
      const frame = frameOf(Array.from({ length: 200 }, () => processEvent({ ppid: 4_242, container_id: "flood" })));
      const sent = performance.now();
      await hub.ingest([frame], sender);
      waitsMs.push(performance.now() - sent);
    }
  };
  await Promise.all([lane(), lane()]);
  return waitsMs;
}

const p99 = (of: readonly number[]) => of.toSorted((a, b) => a - b)[Math.floor(of.length * 0.99)] ?? 0;

test("the heaviest queries of the page do not delay ingest, and are answered beside a flood", async (t) => {
  const { hub, folder } = await openTestHub(t);
  fill(folder);
  // The subject of the tree: a process with more children than a tree shows.
  const parent = { ancestor_pids: [4_242], ancestor_starts_us: [1], ppid: 4_242, parent_start_us: 1 };
  const children = Array.from({ length: 3_000 }, (_, i) =>
    processEvent({ ...parent, pid: 5_000 + i, start_us: i + 2 }),
  );
  await hub.ingest([frameOf([...children, evilExec({ ...parent, pid: 9_999, start_us: 9_999 })])], sender);
  const { alerts } = await hub.alertPage("main", { rule: "Evil Program" });
  const alertId = alerts[0]?.alert_id ?? "";
  assert.ok(((await hub.alert("main", alertId))?.process_tree.length ?? 0) > 50);
  await flood(hub);
  const [alone, beside]: [number[], number[]] = [[], []];
  let asked = 0;
  for (let round = 0; round < 2; round++) {
    alone.push(...(await flood(hub)));
    let isOn = true;
    const queries = heavyQueries(hub, alertId, () => isOn);
    beside.push(...(await flood(hub)));
    isOn = false;
    asked += await queries;
  }
  t.diagnostic(
    `acknowledged p99 ${p99(alone).toFixed(0)} ms alone, ${p99(beside).toFixed(0)} ms beside ${asked} queries`,
  );
  assert.ok(asked >= 20, `${asked} queries`);
  // Readers share the processors with ingest, and nothing else: a lock or a queue in common would cost seconds.
  assert.ok(p99(beside) < 5 * p99(alone) + 500, `${p99(beside)} ms beside queries, ${p99(alone)} ms alone`);
});
