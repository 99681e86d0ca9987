import { existsSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { Fault } from "@atalaya/wire";
import { type Migration, migrations } from "./migrations.ts";
import { makePrivate, type OpenDatabase, openWritable } from "./node-sqlite.ts";
import type { HubTables } from "./schema.ts";

const newest = (list: readonly Migration[]): number => list.reduce((max, one) => Math.max(max, one.version), 0);

/**
 * Opens the hub's database and brings it to this version. A backup of an older one is left beside it
 * (`hub.sqlite.v1.backup`). Throws Fault STORE_NEWER for a database from a newer version, which is not touched.
 */
export async function openMigrated(
  path: string,
  list: readonly Migration[] = migrations,
): Promise<OpenDatabase<HubTables>> {
  const found = existsSync(path) ? readVersion(path) : 0;
  const known = newest(list);
  if (found > known) {
    throw new Fault(
      "STORE_NEWER",
      `The database ${path} has version ${found} and this program knows ${known}: start the newer program, or restore the backup that it made beside the database.`,
      { path, found, known },
    );
  }
  if (found > 0 && found < known) backUp(path, found);
  const db = openWritable<HubTables>(path);
  for (const migration of list) if (migration.version > found) await apply(db, migration);
  return db;
}

/** 0 for a file that holds no table of ours yet. */
function readVersion(path: string): number {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const table = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'schema_versions'").get();
    if (table === undefined) return 0;
    return Number(db.prepare("SELECT max(version) AS version FROM schema_versions").get()?.["version"] ?? 0);
  } finally {
    db.close();
  }
}

function backUp(path: string, version: number): void {
  const target = `${path}.v${version}.backup`;
  rmSync(target, { force: true });
  // VACUUM INTO accepts an empty file.
  makePrivate(target);
  const db = new DatabaseSync(path);
  try {
    db.prepare("VACUUM INTO ?").run(target);
  } finally {
    db.close();
  }
}

async function apply(db: OpenDatabase<HubTables>, migration: Migration): Promise<void> {
  db.raw.exec("BEGIN IMMEDIATE");
  try {
    db.raw.exec(
      "CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_us INTEGER NOT NULL)",
    );
    await migration.up(db.query);
    const row = db.raw.prepare("INSERT INTO schema_versions (version, name, applied_us) VALUES (?, ?, ?)");
    row.run(migration.version, migration.name, Date.now() * 1_000);
    db.raw.exec("COMMIT");
  } catch (error) {
    db.raw.exec("ROLLBACK");
    throw error;
  }
}
