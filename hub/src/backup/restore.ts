import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createZstdDecompress } from "node:zlib";
import { Fault } from "@atalaya/wire";
import { lockDataFolder, prepareDataFolder } from "../store/data-folder.ts";
import { readVersions } from "../store/migrate.ts";
import { migrations } from "../store/migrations.ts";
import { requireRoom } from "../store/require-room.ts";
import { type BackupManifest, backupFormat, backupManifestSchema, manifestName } from "./backup-manifest.ts";
import { readTar, type TarFile, unusable } from "./read-tar.ts";

const manifestBytesMax = 4 * 1024 * 1024;

export type RestoreWish = { file: string; data: string; force: boolean; progress(bytes: number): void };
export type Restored = { manifest: BackupManifest; bytes: number; setAside: string | undefined };

/**
 * Puts a backup in place of a hub's folder, whole or not at all: it is written beside it, checked, and moved. With
 * `force` an older folder is set aside under another name. Throws Fault BACKUP_UNUSABLE (damaged, or of a newer version),
 * DATA_UNWRITABLE (a hub runs on the folder, or it holds something), STORE_FULL.
 */
export async function restore({ file, data, force, progress }: RestoreWish): Promise<Restored> {
  prepareDataFolder(data);
  const target = join(data, "hub");
  const isTaken = existsSync(target) && readdirSync(target).length > 0;
  if (isTaken && !force) {
    throw new Fault(
      "DATA_UNWRITABLE",
      `${target} holds a hub's data already: choose another folder with --data, or set that one aside with --force.`,
      { folder: target },
    );
  }
  const unlock = isTaken ? lockDataFolder(target) : () => undefined;
  const made = mkdtempSync(join(data, ".restore-"));
  try {
    const hub = join(made, "hub");
    mkdirSync(hub, { mode: 0o700 });
    const { manifest, bytes } = await unpack(file, hub, progress);
    check(hub);
    sync(hub);
    const setAside = isTaken ? `${target}.before-${Date.now()}` : undefined;
    if (setAside !== undefined) renameSync(target, setAside);
    else rmSync(target, { recursive: true, force: true });
    renameSync(hub, target);
    sync(data);
    return { manifest, bytes, setAside };
  } finally {
    unlock();
    rmSync(made, { recursive: true, force: true });
  }
}

async function unpack(
  path: string,
  folder: string,
  progress: RestoreWish["progress"],
): Promise<{ manifest: BackupManifest; bytes: number }> {
  const packed = createReadStream(path);
  const unpacked = createZstdDecompress();
  packed.on("error", (error) => unpacked.destroy(error));
  packed.pipe(unpacked);
  try {
    const files = readTar(unpacked);
    const first = await files.next();
    if (first.done === true || first.value.name !== manifestName) unusable("it does not begin with its manifest");
    const manifest = await readManifest(first.value, folder);
    let bytes = 0;
    for (const [i, { name, bytes: size, sha256 }] of manifest.files.entries()) {
      const next = await files.next();
      if (next.done === true) unusable(`of ${manifest.files.length} files it holds ${i}`);
      const { value: file } = next;
      if (file.name !== name || file.bytes !== size) unusable(`${name} is not where its manifest says`);
      const hash = await write(file, join(folder, name.slice("hub/".length)), (n) => {
        bytes += n;
        progress(bytes);
      });
      if (hash !== sha256) unusable(`${name} is damaged`);
    }
    if ((await files.next()).done !== true) unusable("it holds more than its manifest says");
    return { manifest, bytes };
  } catch (error) {
    throw asFault(error, path);
  } finally {
    packed.destroy();
    unpacked.destroy();
  }
}

async function readManifest(file: TarFile, folder: string): Promise<BackupManifest> {
  if (file.bytes > manifestBytesMax) unusable("its manifest is too long");
  const parts: Buffer[] = [];
  for await (const part of file.read()) parts.push(part);
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(parts).toString("utf8"));
  } catch (error) {
    unusable("its manifest is damaged", error);
  }
  const format = (value as { format?: unknown } | null)?.format;
  if (typeof format === "number" && format > backupFormat) unusable("it was made by a newer version: use that one");
  const manifest = backupManifestSchema.safeParse(value);
  if (!manifest.success) unusable("its manifest does not have the documented shape");
  const names = new Set(manifest.data.files.map((one) => one.name));
  if (names.size !== manifest.data.files.length || !names.has("hub/hub.sqlite")) unusable("it lacks the database");
  requireRoomFor(manifest.data, folder);
  return manifest.data;
}

function requireRoomFor({ files }: BackupManifest, folder: string): void {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const sentence = (needed: number, free: number) =>
    `The backup takes ${needed} MiB and ${free} MiB are free: make room, or choose another folder with --data.`;
  requireRoom(folder, bytes, sentence);
}

/** Gives the file's SHA-256. Its name was checked; nothing is there before it. */
async function write(file: TarFile, path: string, wrote: (bytes: number) => void): Promise<string> {
  const hash = createHash("sha256");
  const out = openSync(path, "wx", 0o600);
  try {
    for await (const part of file.read()) {
      hash.update(part);
      for (let at = 0; at < part.length; ) at += writeSync(out, part, at);
      wrote(part.length);
    }
    fsyncSync(out);
  } finally {
    closeSync(out);
  }
  return hash.digest("hex");
}

/** The database is one that this version can open, and sound. */
function check(folder: string): void {
  const path = join(folder, "hub.sqlite");
  const known = Math.max(...migrations.map((one) => one.version));
  try {
    const found = Math.max(0, ...readVersions(path));
    if (found === 0) unusable("its database is none of a hub");
    if (found > known) unusable(`its database has version ${found} and this program knows ${known}: use the newer one`);
    const db = new DatabaseSync(path);
    const result = db.prepare("PRAGMA quick_check(1)").get()?.["quick_check"];
    db.close();
    if (result !== "ok") unusable("its database is damaged");
  } catch (error) {
    if (error instanceof Fault) throw error;
    unusable("its database cannot be opened", error);
  }
}

function asFault(error: unknown, path: string): unknown {
  if (error instanceof Fault) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT")
    return new Fault("STORE_FULL", "The disk is full: nothing was changed.", {}, error);
  const isPack = typeof code === "string" && /^(ZSTD|Z|ERR_ZLIB)_/.test(code);
  const what = isPack || code === undefined ? "it is damaged, or not a backup" : `${path} cannot be read (${code})`;
  return new Fault("BACKUP_UNUSABLE", `The backup cannot be used: ${what}. Nothing was changed.`, {}, error);
}

function sync(folder: string): void {
  const file = openSync(folder, "r");
  fsyncSync(file);
  closeSync(file);
}
