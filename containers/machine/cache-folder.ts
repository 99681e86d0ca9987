import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { lockFile } from "../../simulator/src/file-lock.ts";

/** A folder of what is fetched and unpacked once: `ATALAYA_GUESTS_CACHE`, else ~/.cache/atalaya/guests. */
export function cacheFolder(...names: string[]): string {
  const folder = join(process.env["ATALAYA_GUESTS_CACHE"] ?? join(homedir(), ".cache", "atalaya", "guests"), ...names);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Does the work while no other process does its own: what is fetched, unpacked and built for a machine is shared by all. */
export async function alone<T>(work: () => Promise<T>): Promise<T> {
  const release = await lockFile(join(cacheFolder(), "lock"));
  try {
    return await work();
  } finally {
    await release();
  }
}
