import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { forgetOld } from "../../src/store/forget-old.ts";
import { openMigrated } from "../../src/store/migrate.ts";
import { whoLimits } from "../../src/who/limits.ts";
import { startKinds } from "../../src/who/start-of-process.ts";
import { tempFolder } from "../core/hub-fixture.ts";

test("sessions and processes go when nobody can be joined with them; what was found stays as long as alerts do", async (t) => {
  const db = await openMigrated(join(tempFolder(t), "hub.sqlite"));
  t.after(() => db.close());
  const nowUs = Date.now() * 1_000;
  const session = db.raw.prepare(`INSERT INTO who_sessions (workspace_id, cluster, namespace, pod, session_id, kind,
    received_us, told, seen_us, ended_us) VALUES ('main', 'local', 'shop', 'web-0', ?, ?, 1, '{}', ?, ?)`);
  const longAgo = nowUs - whoLimits.sessionKeptUs - 1;
  session.run("young", "exec", nowUs, null);
  session.run("old", "exec", longAgo, null);
  session.run("attached still", "attach", longAgo, null);
  session.run("attached once", "attach", longAgo, 2);
  session.run("forwarding for years", "port-forward", 1, null);
  const start = db.raw.prepare(`INSERT INTO who_starts (workspace_id, boot_no, pid, start_us, cluster, namespace, pod,
    container_id, is_init, time_us, argv, is_cut, seen_us, done_by)
    VALUES ('main', 1, ?, 1, 'local', 'shop', 'web-0', 'c', ?, 1, '[]', 0, ?, ?)`);
  const old = nowUs - whoLimits.startKeptUs - 1;
  start.run(1, 0, nowUs, null);
  start.run(2, 0, old, null);
  start.run(3, 0, old, "{}");
  start.run(4, 0, 1, "{}");
  start.run(5, startKinds.first, old, null);
  start.run(6, startKinds.seenFirst, nowUs - whoLimits.firstKeptUs - 1, null);
  assert.equal(forgetOld(db, { kind: "who", beforeUs: 1_000 }), 6);
  const left = (sql: string) =>
    db.raw
      .prepare(sql)
      .all()
      .map((row) => Object.values(row)[0]);
  assert.deepEqual(left("SELECT session_id FROM who_sessions"), ["attached still", "young"]);
  assert.deepEqual(left("SELECT pid FROM who_starts ORDER BY pid"), [1, 3, 5]);
});
