import { once } from "node:events";
import { createReadStream, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { Fault } from "@atalaya/wire";
import { unpackFault } from "../core/thread-fault.ts";
import { threadFile } from "../core/thread-file.ts";
import { type BackupManifest, backupFormat, manifestName } from "./backup-manifest.ts";
import type { Copied, CopyWish } from "./copy-thread.ts";
import { padding, tarEnd, tarHeader } from "./tar.ts";

/** A backup that is made: its bytes, not yet packed, and what ends it (in every case). */
export type MadeBackup = { bytes: number; read(): AsyncGenerator<Buffer>; close(): void };

const prefix = "making-";

/** Removes what a hub that was killed while it made a backup left behind. */
export function removeLeftovers(hubFolder: string): void {
  const folder = join(hubFolder, "backups");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(folder)) {
    if (name.startsWith(prefix)) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

/** Makes backups of a running hub, one at a time. */
export class BackupMaker {
  readonly #hubFolder: string;
  readonly #version: string;
  #isBusy = false;

  constructor(hubFolder: string, version: string) {
    this.#hubFolder = hubFolder;
    this.#version = version;
  }

  /** Throws Fault BUSY while another is made or read, STORE_FULL without room for the copy. */
  async make(): Promise<MadeBackup> {
    if (this.#isBusy)
      throw new Fault("BUSY", "Another backup is being made; try again when it is done.", { retry_after_s: 10 });
    this.#isBusy = true;
    const target = join(this.#hubFolder, "backups", `${prefix}${Date.now()}`);
    const close = () => {
      rmSync(target, { recursive: true, force: true });
      this.#isBusy = false;
    };
    try {
      mkdirSync(target, { recursive: true, mode: 0o700 });
      const files = await copy({ hubFolder: this.#hubFolder, target });
      const manifest: BackupManifest = {
        format: backupFormat,
        version: this.#version,
        made_us: Date.now() * 1_000,
        files,
      };
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
      return { bytes, read: () => tarOf(manifest, target), close };
    } catch (error) {
      close();
      throw error;
    }
  }
}

async function copy(wish: CopyWish): Promise<BackupManifest["files"]> {
  const worker = new Worker(threadFile("copy-thread", import.meta.url), { workerData: wish });
  const [copied] = (await once(worker, "message")) as [Copied];
  if ("fault" in copied) throw unpackFault(copied.fault);
  return copied.files;
}

async function* tarOf(manifest: BackupManifest, folder: string): AsyncGenerator<Buffer> {
  const mtimeS = manifest.made_us / 1e6;
  const text = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
  yield tarHeader({ name: manifestName, bytes: text.length }, mtimeS);
  yield Buffer.concat([text, padding(text.length)]);
  for (const { name, bytes } of manifest.files) {
    yield tarHeader({ name, bytes }, mtimeS);
    const file = createReadStream(join(folder, name.slice("hub/".length)), { highWaterMark: 1 << 18 });
    for await (const part of file) yield part as Buffer;
    yield padding(bytes);
  }
  yield tarEnd();
}
