import { closeSync, mkdirSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Fault } from "@atalaya/wire";
import { makePrivate } from "./node-sqlite.ts";

/** Makes the hub's folder (mode 0700) and proves that it can be written. Throws Fault DATA_UNWRITABLE. */
export function prepareDataFolder(folder: string): void {
  const probe = join(folder, ".write-probe");
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    closeSync(openSync(probe, "w", 0o600));
    rmSync(probe, { force: true });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new Fault(
      "DATA_UNWRITABLE",
      `The data folder ${folder} cannot be written (${code}): give another one with --data, or make this one writable for the hub's user.`,
      { folder, code },
      cause,
    );
  }
}

/**
 * Holds the folder for this process: an exclusive transaction on a file of its own, which the kernel lets go of
 * however the process ends. Gives what releases it. Throws Fault DATA_UNWRITABLE when another hub holds it.
 */
export function lockDataFolder(folder: string): () => void {
  const path = join(folder, "lock.sqlite");
  makePrivate(path);
  const db = new DatabaseSync(path, { timeout: 0 });
  try {
    db.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    db.close();
    throw new Fault(
      "DATA_UNWRITABLE",
      `Another hub uses the data folder ${folder}: stop it first, or give this one another folder with --data.`,
      { folder },
      cause,
    );
  }
  return () => db.close();
}
