import { closeSync, openSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { type CompiledQuery, Kysely, type SqliteDatabase, SqliteDialect } from "kysely";
import { storeLimits } from "../core/limits.ts";

type Compilable<R> = { compile(): CompiledQuery<R> };

/**
 * A database file, open. Kysely builds the queries and checks their types; `rows` and `run` execute them at once,
 * so that nothing else can come between the statements of a transaction. Kysely executes by itself in migrations only.
 */
export class OpenDatabase<T> {
  readonly raw: DatabaseSync;
  readonly query: Kysely<T>;
  readonly #statements: CachedStatements;

  constructor(raw: DatabaseSync) {
    this.raw = raw;
    this.#statements = new CachedStatements(raw);
    this.query = new Kysely<T>({ dialect: new SqliteDialect({ database: this.#statements }) });
  }

  rows<R>(query: Compilable<R>): R[] {
    const { sql, parameters } = query.compile();
    return this.#statements.get(sql).all(...(parameters as SQLInputValue[])) as R[];
  }

  row<R>(query: Compilable<R>): R | undefined {
    return this.rows(query)[0];
  }

  /** Gives the number of rows that changed. */
  run(query: Compilable<unknown>): number {
    const { sql, parameters } = query.compile();
    return Number(this.#statements.get(sql).run(...(parameters as SQLInputValue[])).changes);
  }

  close(): void {
    if (this.raw.isOpen) this.raw.close();
  }
}

/**
 * Opens a database file for writing: WAL, `synchronous=FULL` (a commit is on disk before it is acknowledged).
 * Throws what node:sqlite throws.
 */
export function openWritable<T>(path: string): OpenDatabase<T> {
  makePrivate(path);
  const raw = new DatabaseSync(path, { timeout: 5_000 });
  try {
    raw.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=OFF; PRAGMA cache_size=-16384");
    raw.exec(`PRAGMA journal_size_limit=${storeLimits.walKeptBytes}`);
    return new OpenDatabase<T>(raw);
  } catch (error) {
    raw.close();
    throw error;
  }
}

/** Makes the file for its owner alone (mode 0600) where it is not there; SQLite gives its companions the same mode. */
export function makePrivate(path: string): void {
  closeSync(openSync(path, "a", 0o600));
}

/** Opens a database file that another thread writes; what it reads is the last commit. */
export function openReadOnly<T>(path: string, cacheKib = 8_192): OpenDatabase<T> {
  const raw = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  raw.exec(`PRAGMA cache_size=-${cacheKib}`);
  return new OpenDatabase<T>(raw);
}

/** Prepared statements by their text, and what Kysely's SQLite dialect expects of a database. */
class CachedStatements implements SqliteDatabase {
  readonly #raw: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(raw: DatabaseSync) {
    this.#raw = raw;
  }

  get(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    // The queries are few and fixed; only lists of changing length make new texts.
    if (this.#statements.size >= storeLimits.statementsCachedMax) this.#statements.clear();
    const made = this.#raw.prepare(sql);
    this.#statements.set(sql, made);
    return made;
  }

  close(): void {
    this.#raw.close();
  }

  prepare(sql: string): ReturnType<SqliteDatabase["prepare"]> {
    const prepared = this.get(sql);
    return {
      reader: prepared.columns().length > 0,
      all: (parameters) => prepared.all(...(parameters as SQLInputValue[])),
      run: (parameters) => prepared.run(...(parameters as SQLInputValue[])),
      iterate: (parameters) => prepared.iterate(...(parameters as SQLInputValue[])),
    };
  }
}
