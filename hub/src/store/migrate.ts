import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Fault } from "@atalaya/wire";
import { keepCopy } from "./migration-backup.ts";
import { type Migration, migrations } from "./migrations.ts";
import { type OpenDatabase, openWritable } from "./node-sqlite.ts";
import type { HubTables } from "./schema.ts";

const newest = (versions: Iterable<number>): number => Math.max(0, ...versions);

/**
 * Opens the hub's database and brings it to this version. A copy of an older one is kept first, in `backups` beside it.
 * Throws Fault STORE_NEWER for a database from a newer version, and STORE_FULL where there is no room for the copy:
 * neither touches it.
 */
export async function openMigrated(
  path: string,
  list: readonly Migration[] = migrations,
): Promise<OpenDatabase<HubTables>> {
  const applied = existsSync(path) ? readVersions(path) : new Set<number>();
  const found = newest(applied);
  const known = newest(list.map((one) => one.version));
  if (found > known) {
    throw new Fault(
      "STORE_NEWER",
      `The database ${path} has version ${found} and this program knows ${known}: start the newer program, or restore a backup that the older one made (${dirname(path)}/backups).`,
      { path, found, known },
    );
  }
  const missing = list.filter((one) => !applied.has(one.version));
  if (found > 0 && missing.length > 0) keepCopy(path, found);
  const db = openWritable<HubTables>(path);
  try {
    for (const migration of missing) await apply(db, migration);
  } catch (error) {
    db.close();
    throw error;
  }
  return db;
}

/** The migrations that a database has seen; none for a file that holds no table of ours yet. */
export function readVersions(path: string): Set<number> {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const table = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'schema_versions'").get();
    if (table === undefined) return new Set();
    return new Set(
      db
        .prepare("SELECT version FROM schema_versions")
        .all()
        .map((row) => Number(row["version"])),
    );
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
    if (db.raw.isTransaction) db.raw.exec("ROLLBACK");
    throw error;
  }
}
