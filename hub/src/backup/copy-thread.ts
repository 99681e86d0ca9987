import { createHash } from "node:crypto";
import { createReadStream, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { storeLimits } from "../core/limits.ts";
import { type FaultMessage, packFault } from "../core/thread-fault.ts";
import { listEventFiles } from "../store/event-files.ts";
import { requireRoom } from "../store/require-room.ts";
import { storeFault } from "../store/store-fault.ts";
import type { BackupManifest } from "./backup-manifest.ts";

// Copies a running hub's files as they are at one moment, into a folder of their own.

export type CopyWish = { hubFolder: string; target: string };
export type Copied = { files: BackupManifest["files"] } | { fault: FaultMessage };
type Source = { name: string; db: DatabaseSync };

/** What a backup leaves out: the databases (copied by themselves), their logs, the lock, earlier copies. */
const isLeftOut = (name: string) => /\.sqlite(-wal|-shm|-journal)?$|^\.|\.part$|\.tmp$/.test(name);

/**
 * Snapshots of all databases at one moment: while the database is locked, the writer is between two groups, each of which
 * it commits to both files. It waits for as long as it takes to open them, a few milliseconds.
 */
function snapshots(folder: string): { sources: Source[]; others: Map<string, Buffer> } {
  const lock = new DatabaseSync(join(folder, "hub.sqlite"), { timeout: 10_000 });
  const sources: Source[] = [];
  try {
    lock.exec("BEGIN IMMEDIATE");
    for (const name of [...listEventFiles(folder), "hub.sqlite"]) {
      const db = new DatabaseSync(join(folder, name), { readOnly: true, timeout: 10_000 });
      sources.push({ name, db });
      // A transaction has its snapshot from its first read on.
      db.exec("BEGIN");
      db.prepare("SELECT count(*) FROM sqlite_master").get();
    }
    return { sources, others: otherFiles(folder) };
  } catch (error) {
    for (const { db } of sources) db.close();
    throw error;
  } finally {
    lock.close();
  }
}

function otherFiles(folder: string): Map<string, Buffer> {
  const names = readdirSync(folder, { withFileTypes: true }).filter((one) => one.isFile() && !isLeftOut(one.name));
  return new Map(names.map(({ name }) => [name, readFileSync(join(folder, name))]));
}

function requireRoomForCopy(folder: string): void {
  const bytes = readdirSync(folder)
    .filter((name) => /\.sqlite(-wal)?$/.test(name))
    .reduce((sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0), 0);
  const sentence = (needed: number, free: number) =>
    `A backup is made from a copy on the hub's disk, and there is no room for it: ${needed} MiB are needed, ${free} MiB are free. Make room and try again.`;
  requireRoom(folder, bytes + storeLimits.reserveBytes, sentence, { needed_bytes: bytes });
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const part of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(part as Buffer);
  return hash.digest("hex");
}

async function copyAll({ hubFolder, target }: CopyWish): Promise<Copied> {
  requireRoomForCopy(hubFolder);
  const { sources, others } = snapshots(hubFolder);
  const files: BackupManifest["files"] = [];
  const note = async (name: string) => {
    const path = join(target, name);
    files.push({ name: `hub/${name}`, bytes: statSync(path).size, sha256: await sha256(path) });
  };
  try {
    for (const { name, db } of sources) {
      await backup(db, join(target, name), { rate: storeLimits.backupPagesAtOnce });
      db.close();
      await note(name);
    }
    for (const [name, bytes] of others) {
      writeFileSync(join(target, name), bytes, { mode: 0o600 });
      await note(name);
    }
    return { files };
  } finally {
    for (const { db } of sources) if (db.isOpen) db.close();
  }
}

if (parentPort === null) throw new Error("this file is a worker's");
const hub = parentPort;
try {
  const copied: Copied = await copyAll(workerData as CopyWish);
  hub.postMessage(copied);
} catch (error) {
  const fault = storeFault(error);
  if (fault === undefined) throw error;
  const told: Copied = { fault: packFault(fault) };
  hub.postMessage(told);
}
