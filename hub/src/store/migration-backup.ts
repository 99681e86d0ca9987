import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { storeLimits } from "../core/limits.ts";
import { makePrivate } from "./node-sqlite.ts";
import { requireRoom } from "./require-room.ts";

const pattern = /^hub-v\d+-\d+\.sqlite$/;

/**
 * Keeps a copy of the database as it is before a migration: `backups/hub-v1-<milliseconds>.sqlite`. So many are kept,
 * the newest. Throws Fault STORE_FULL when there is no room for it; then nothing was changed.
 */
export function keepCopy(path: string, version: number): void {
  const folder = join(dirname(path), "backups");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(folder)) if (name.endsWith(".part")) rmSync(join(folder, name), { force: true });
  requireRoomForCopy(path, folder);
  const target = join(folder, `hub-v${version}-${Date.now()}.sqlite`);
  const part = `${target}.part`;
  // VACUUM INTO accepts an empty file.
  makePrivate(part);
  const db = new DatabaseSync(path);
  try {
    db.prepare("VACUUM INTO ?").run(part);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  } finally {
    db.close();
  }
  sync(part);
  renameSync(part, target);
  sync(folder);
  const kept = readdirSync(folder).filter((name) => pattern.test(name));
  const age = (name: string) => Number(/-(\d+)\.sqlite$/.exec(name)?.[1] ?? 0);
  kept.sort((a, b) => age(b) - age(a));
  for (const name of kept.slice(storeLimits.migrationCopiesKept)) rmSync(join(folder, name), { force: true });
}

function requireRoomForCopy(path: string, folder: string): void {
  const bytes = ["", "-wal"].reduce(
    (sum, end) => sum + (statSync(path + end, { throwIfNoEntry: false })?.size ?? 0),
    storeLimits.reserveBytes,
  );
  const sentence = (needed: number, free: number) =>
    `The database is to be brought to this version, and there is no room for a copy of it first: ${needed} MiB are needed in ${folder}, ${free} MiB are free. Make room there, or mount another disk at it, and start again; nothing was changed.`;
  requireRoom(folder, bytes, sentence, { folder });
}

function sync(path: string): void {
  const file = openSync(path, "r");
  fsyncSync(file);
  closeSync(file);
}
