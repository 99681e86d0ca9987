import { DatabaseSync } from "node:sqlite";

/**
 * Holds a file for this process alone. Node has no call for the kernel's file locks, but its SQLite has: an exclusive
 * transaction on an empty database writes nothing, and the kernel ends the lock with the process, however it ends.
 * It holds between containers that share the folder, which a process id or an abstract socket would not.
 */
export class FileLock {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Undefined where another process holds it. Throws where the file cannot be made. */
  static take(path: string): FileLock | undefined {
    const database = new DatabaseSync(path, { timeout: 0 });
    try {
      database.exec("BEGIN EXCLUSIVE");
      return new FileLock(database);
    } catch (error) {
      database.close();
      // SQLITE_BUSY; https://www.sqlite.org/rescode.html
      if ((error as { errcode?: number }).errcode === 5) return undefined;
      throw error;
    }
  }

  release(): void {
    this.#database.close();
  }
}
