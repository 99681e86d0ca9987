import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { Kysely, type SqliteDatabase, SqliteDialect, type SqliteStatement } from "kysely";
import { storeLimits } from "../core/limits.ts";

/** A database file, open: the raw handle for the hot path and Kysely over the same handle for the rest. */
export type OpenDatabase<T> = { raw: DatabaseSync; query: Kysely<T>; close(): void };

/**
 * Opens a database file for writing: WAL, `synchronous=FULL` (a commit is on disk before it is acknowledged).
 * Throws what node:sqlite throws.
 */
export function openWritable<T>(path: string): OpenDatabase<T> {
  const raw = new DatabaseSync(path, { timeout: 5_000 });
  raw.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=OFF; PRAGMA cache_size=-16384");
  return wrap(raw);
}

/** Opens a database file that another thread writes; what it reads is the last commit. */
export function openReadOnly<T>(path: string): OpenDatabase<T> {
  const raw = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  raw.exec("PRAGMA cache_size=-8192");
  return wrap(raw);
}

function wrap<T>(raw: DatabaseSync): OpenDatabase<T> {
  const query = new Kysely<T>({ dialect: new SqliteDialect({ database: new CachedStatements(raw) }) });
  return { raw, query, close: () => raw.isOpen && raw.close() };
}

/** What Kysely's SQLite dialect expects of a database, over node:sqlite, with the prepared statements kept. */
class CachedStatements implements SqliteDatabase {
  readonly #raw: DatabaseSync;
  readonly #statements = new Map<string, SqliteStatement>();

  constructor(raw: DatabaseSync) {
    this.#raw = raw;
  }

  close(): void {
    this.#raw.close();
  }

  prepare(sql: string): SqliteStatement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const made = statement(this.#raw, sql);
    // The queries are few and fixed; only lists of changing length make new texts.
    if (this.#statements.size >= storeLimits.statementsCachedMax) this.#statements.clear();
    this.#statements.set(sql, made);
    return made;
  }
}

function statement(raw: DatabaseSync, sql: string): SqliteStatement {
  const prepared = raw.prepare(sql);
  return {
    reader: prepared.columns().length > 0,
    all: (parameters) => prepared.all(...(parameters as SQLInputValue[])),
    run: (parameters) => prepared.run(...(parameters as SQLInputValue[])),
    iterate: (parameters) => prepared.iterate(...(parameters as SQLInputValue[])),
  };
}
