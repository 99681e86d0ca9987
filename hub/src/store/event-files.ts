import { readdirSync } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type OpenDatabase, openWritable } from "./node-sqlite.ts";
import type { EventTables } from "./schema.ts";

// Process life-cycle events live in a file a day, each table with one clustered key: measured 78 k rows/s against
// 11-19 k with two more indexes, and a day goes by unlinking its file, where DELETE blocks for seconds. The one other
// index is by time, which rows come in: what search goes along.

const dayMs = 86_400_000;
const pattern = /^events-(\d{8})\.sqlite$/;

const tables = `
  CREATE TABLE IF NOT EXISTS process_steps (
    workspace_id TEXT NOT NULL, boot_no INTEGER NOT NULL, ppid INTEGER NOT NULL, parent_start_us INTEGER NOT NULL,
    pid INTEGER NOT NULL, start_us INTEGER NOT NULL, time_us INTEGER NOT NULL, kind INTEGER NOT NULL, uid INTEGER,
    origin INTEGER NOT NULL, name TEXT NOT NULL, exe_path TEXT NOT NULL, cmdline TEXT NOT NULL,
    container_id TEXT NOT NULL,
    PRIMARY KEY (workspace_id, boot_no, ppid, parent_start_us, pid, start_us, time_us, kind)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS process_steps_by_time ON process_steps (workspace_id, time_us);
  CREATE TABLE IF NOT EXISTS process_ends (
    workspace_id TEXT NOT NULL, boot_no INTEGER NOT NULL, pid INTEGER NOT NULL, start_us INTEGER NOT NULL,
    time_us INTEGER NOT NULL, exit_code INTEGER, exit_signal INTEGER,
    PRIMARY KEY (workspace_id, boot_no, pid, start_us)) WITHOUT ROWID`;

/** The day's file name, in UTC. */
export function eventFileName(nowMs: number): string {
  return `events-${new Date(nowMs).toISOString().slice(0, 10).replaceAll("-", "")}.sqlite`;
}

/** The days' files that are there, newest first. */
export function listEventFiles(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => pattern.test(name));
  return names.sort().reverse();
}

export function openEventFile(folder: string, name: string): OpenDatabase<EventTables> {
  const db = openWritable<EventTables>(join(folder, name));
  try {
    db.raw.exec(tables);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Unlinks a day's file. A reader that has it open keeps reading it until it lets go. */
export async function removeEventFile(folder: string, name: string): Promise<void> {
  for (const end of ["", "-wal", "-shm"]) await rm(join(folder, name + end), { force: true });
}

/**
 * The days' files that go, the oldest first: those of days beyond `days`, and as many as it takes to get `bytes` back.
 * The newest stays always: it is being written.
 */
export async function oldEventFiles(
  folder: string,
  of: { nowMs: number; days: number; bytesOver: number },
): Promise<string[]> {
  const oldestKept = eventFileName(of.nowMs - of.days * dayMs);
  const gone: string[] = [];
  let over = of.bytesOver;
  for (const name of listEventFiles(folder).slice(1).reverse()) {
    if (name >= oldestKept && over <= 0) break;
    for (const end of ["", "-wal"]) over -= (await stat(join(folder, name + end)).catch(() => undefined))?.size ?? 0;
    gone.push(name);
  }
  return gone;
}
