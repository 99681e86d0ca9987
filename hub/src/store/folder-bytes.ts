import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** What the files of a folder, and of the folders in it, take. What vanishes meanwhile counts nothing. */
export async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  let bytes = 0;
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const found = await stat(join(entry.parentPath, entry.name)).catch(() => undefined);
    bytes += found === undefined ? 0 : found.blocks * 512;
  }
  return bytes;
}
