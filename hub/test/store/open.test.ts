import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { Fault, type FaultCode } from "@atalaya/wire";
import { sql } from "kysely";
import { openMigrated } from "../../src/store/migrate.ts";
import { type Migration, migrations } from "../../src/store/migrations.ts";
import { frameOf, openTestHub, processEvent, sender, tempFolder } from "../core/hub-fixture.ts";

const isFault = (code: FaultCode, words: RegExp) => (error: unknown) =>
  error instanceof Fault && error.code === code && words.test(error.message);

const next: Migration = {
  version: migrations.length + 1,
  name: "one more table",
  async up(db) {
    await sql`CREATE TABLE more (id INTEGER PRIMARY KEY)`.execute(db);
  },
};

test("a migration leaves a backup of the database as it was", async (t) => {
  const path = join(tempFolder(t), "hub.sqlite");
  const first = await openMigrated(path);
  first.raw.exec("INSERT INTO settings VALUES ('main', 'word', 'before')");
  first.close();
  const second = await openMigrated(path, [...migrations, next]);
  second.raw.exec("UPDATE settings SET value = 'after'");
  second.close();
  const backup = new DatabaseSync(`${path}.v${migrations.length}.backup`, { readOnly: true });
  t.after(() => backup.close());
  assert.equal(backup.prepare("SELECT value FROM settings").get()?.["value"], "before");
  assert.equal(backup.prepare("SELECT max(version) AS v FROM schema_versions").get()?.["v"], migrations.length);
});

test("a migration that fails leaves the database at its version", async (t) => {
  const path = join(tempFolder(t), "hub.sqlite");
  (await openMigrated(path)).close();
  const failing: Migration = {
    ...next,
    up: (db) => sql`CREATE TABLE settings (id INTEGER)`.execute(db).then(() => undefined),
  };
  await assert.rejects(openMigrated(path, [...migrations, failing]));
  const again = await openMigrated(path);
  t.after(() => again.close());
  assert.equal(again.raw.prepare("SELECT max(version) AS v FROM schema_versions").get()?.["v"], migrations.length);
});

test("a database of a newer version is refused and not touched", async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, "hub.sqlite");
  const db = await openMigrated(path);
  db.raw.exec("INSERT INTO schema_versions VALUES (99, 'of the future', 0); PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
  const before = readFileSync(path);
  await assert.rejects(openTestHub(t, { dataFolder: folder }), isFault("STORE_NEWER", /version 99/));
  assert.deepEqual(readFileSync(path), before);
  // The folder is free again.
  await assert.rejects(openTestHub(t, { dataFolder: folder }), isFault("STORE_NEWER", /version 99/));
});

test("a file that is not a database is refused with a clear message", async (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, "hub.sqlite"), "this is not a database, whatever its name may say".repeat(100));
  await assert.rejects(openTestHub(t, { dataFolder: folder }), isFault("STORE_UNREACHABLE", /not a database/));
});

test("a data folder that cannot be written is refused with its name and a way out", async (t) => {
  const file = join(tempFolder(t), "a-file");
  writeFileSync(file, "");
  await assert.rejects(openTestHub(t, { dataFolder: join(file, "hub") }), isFault("DATA_UNWRITABLE", /--data/));
});

test("every file of the store is its owner's alone", async (t) => {
  const { hub, folder } = await openTestHub(t);
  await hub.ingest([frameOf([processEvent({})])], sender);
  const names = readdirSync(folder);
  assert.ok(names.some((name) => name.startsWith("events-")));
  for (const name of names) assert.equal(statSync(join(folder, name)).mode & 0o077, 0, name);
});

test("a second hub on the same folder is refused while the first one runs", async (t) => {
  const first = await openTestHub(t);
  await assert.rejects(openTestHub(t, { dataFolder: first.folder }), isFault("DATA_UNWRITABLE", /Another hub/));
  await first.close();
  const second = await openTestHub(t, { dataFolder: first.folder });
  await second.close();
  assert.ok(existsSync(join(first.folder, "hub.sqlite")));
});
