import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { zstdDecompressSync } from "node:zlib";
import { Fault, type FaultCode } from "@atalaya/wire";
import { sql } from "kysely";
import { storeLimits } from "../../src/core/limits.ts";
import { openMigrated } from "../../src/store/migrate.ts";
import { type Migration, migrations } from "../../src/store/migrations.ts";
import { evilExec, frameOf, openTestHub, processEvent, sender, tempFolder } from "../core/hub-fixture.ts";

const isFault = (code: FaultCode, words: RegExp) => (error: unknown) =>
  error instanceof Fault && error.code === code && words.test(error.message);

const newest = Math.max(...migrations.map((one) => one.version));
const next: Migration = {
  version: newest + 1,
  name: "one more table",
  async up(db) {
    await sql`CREATE TABLE more (id INTEGER PRIMARY KEY)`.execute(db);
  },
};
const copies = (folder: string) => readdirSync(join(folder, "backups")).sort();

test("a migration keeps a copy of the database as it was", async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, "hub.sqlite");
  const first = await openMigrated(path);
  first.raw.exec("INSERT INTO settings VALUES ('main', 'word', 'before')");
  first.close();
  const second = await openMigrated(path, [...migrations, next]);
  second.raw.exec("UPDATE settings SET value = 'after'");
  second.close();
  const [name = "", ...more] = copies(folder);
  assert.deepEqual(more, []);
  assert.match(name, new RegExp(`^hub-v${newest}-\\d+\\.sqlite$`));
  assert.equal(statSync(join(folder, "backups", name)).mode & 0o777, 0o600);
  const copy = new DatabaseSync(join(folder, "backups", name), { readOnly: true });
  t.after(() => copy.close());
  assert.equal(copy.prepare("SELECT value FROM settings").get()?.["value"], "before");
  assert.equal(copy.prepare("SELECT max(version) AS v FROM schema_versions").get()?.["v"], newest);
});

test("of the copies the newest are kept", async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, "hub.sqlite");
  let list: Migration[] = [...migrations];
  for (let i = 1; i <= storeLimits.migrationCopiesKept + 2; i++) {
    (await openMigrated(path, list)).close();
    list = [...list, { version: newest + i, name: `step ${i}`, up: async () => undefined }];
  }
  (await openMigrated(path, list)).close();
  const versions = copies(folder).map((name) => Number(/v(\d+)/.exec(name)?.[1]));
  assert.deepEqual(
    versions.sort((a, b) => a - b),
    [newest + 2, newest + 3, newest + 4],
  );
});

/** What is asked for of each table: every column that it had in the first version. */
function columns(db: DatabaseSync): Map<string, string> {
  const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'schema_versions'").all();
  return new Map(
    tables.map(({ name }) => {
      const names = db.prepare(`SELECT name FROM pragma_table_info(?)`).all(String(name));
      // What arrived is counted since version 3; of earlier batches it is made of what became of them.
      const where = name === "ledger" ? "WHERE reason <> 'received'" : "";
      const list = names.map((one) => `"${one["name"]}"`).join(", ");
      return [String(name), `SELECT ${list} FROM "${name}" ${where} ORDER BY 1, 2`];
    }),
  );
}

test("a database that the first version wrote is brought to this one without a loss, and works", async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, "hub.sqlite");
  const packed = readFileSync(new URL("./fixtures/hub-v1.sqlite.zst", import.meta.url));
  writeFileSync(path, zstdDecompressSync(packed));
  const first = new DatabaseSync(path, { readOnly: true });
  const queries = columns(first);
  const before = new Map([...queries].map(([table, query]) => [table, JSON.stringify(first.prepare(query).all())]));
  first.close();
  assert.ok((before.get("alerts") ?? "").includes("Evil Program"));
  const db = await openMigrated(path);
  for (const [table, query] of queries) {
    assert.equal(JSON.stringify(db.raw.prepare(query).all()), before.get(table), table);
  }
  assert.equal(db.raw.prepare("PRAGMA integrity_check").get()?.["integrity_check"], "ok");
  db.close();
  const { hub } = await openTestHub(t, { dataFolder: folder });
  const { alerts } = await hub.alertPage("main", {});
  assert.deepEqual(
    alerts.map(({ status, count }) => [status, count]).sort(),
    [
      ["acknowledged", 2],
      ["new", 1],
    ].sort(),
  );
  assert.equal((await hub.account("main", "admin"))?.role, "admin");
  const accepted = await hub.ingest([frameOf([evilExec({ container_id: "three", position: 1e9 })])], sender);
  assert.deepEqual(accepted, { accepted: 1, duplicates: 0 });
});

test("migrations that landed in another order are all applied", async (t) => {
  const path = join(tempFolder(t), "hub.sqlite");
  const later: Migration = { version: newest + 2, name: "later", up: async () => undefined };
  (await openMigrated(path, [...migrations, later])).close();
  const db = await openMigrated(path, [...migrations, next, later]);
  t.after(() => db.close());
  assert.ok(db.raw.prepare("SELECT 1 FROM sqlite_master WHERE name = 'more'").get());
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
  assert.equal(again.raw.prepare("SELECT max(version) AS v FROM schema_versions").get()?.["v"], newest);
});

test("a database of a newer version is refused and not touched, its log included", async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, "hub.sqlite");
  const db = await openMigrated(path);
  t.after(() => db.close());
  // Left open, as by a hub that was killed: the log holds what the file does not.
  db.raw.exec("INSERT INTO schema_versions VALUES (99, 'of the future', 0)");
  const copy = join(folder, "killed");
  mkdirSync(copy);
  for (const end of ["", "-wal"]) copyFileSync(path + end, join(copy, `hub.sqlite${end}`));
  const bytes = () => ["hub.sqlite", "hub.sqlite-wal"].map((name) => readFileSync(join(copy, name)));
  const before = bytes();
  assert.ok((before[1]?.length ?? 0) > 0);
  for (const _ of ["first", "second"]) {
    await assert.rejects(openTestHub(t, { dataFolder: copy }), isFault("STORE_NEWER", /version 99/));
    assert.deepEqual(bytes(), before);
  }
  assert.ok(!existsSync(join(copy, "backups")));
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
