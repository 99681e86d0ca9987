import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** A folder of what is fetched and unpacked once: `ATALAYA_GUESTS_CACHE`, else ~/.cache/atalaya/guests. */
export function cacheFolder(...names: string[]): string {
  const folder = join(process.env["ATALAYA_GUESTS_CACHE"] ?? join(homedir(), ".cache", "atalaya", "guests"), ...names);
  mkdirSync(folder, { recursive: true });
  return folder;
}
