import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Fault } from "@atalaya/wire";
import { storeLimits } from "../core/limits.ts";
import { makePrivate } from "./node-sqlite.ts";

const pattern = /^hub-v\d+-\d+\.sqlite$/;

/**
 * Keeps a copy of the database as it is before a migration: `backups/hub-v1-<milliseconds>.sqlite`. So many are kept,
 * the newest. Throws Fault STORE_FULL when there is no room for it; then nothing was changed.
 */
export function keepCopy(path: string, version: number): void {
  const folder = join(dirname(path), "backups");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(folder)) if (name.endsWith(".part")) rmSync(join(folder, name), { force: true });
  requireRoom(path, folder);
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

function requireRoom(path: string, folder: string): void {
  const bytes = ["", "-wal"].reduce(
    (sum, end) => sum + (statSync(path + end, { throwIfNoEntry: false })?.size ?? 0),
    storeLimits.reserveBytes,
  );
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize >= bytes) return;
  const mib = (n: number) => Math.ceil(n / 2 ** 20);
  throw new Fault(
    "STORE_FULL",
    `The database is to be brought to this version, and there is no room for a copy of it first: ${mib(bytes)} MiB are needed in ${folder}, ${mib(bavail * bsize)} MiB are free. Make room there, or mount another disk at it, and start again; nothing was changed.`,
    { folder, needed_bytes: bytes, free_bytes: bavail * bsize },
  );
}

function sync(path: string): void {
  const file = openSync(path, "r");
  fsyncSync(file);
  closeSync(file);
}
