import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";

/** Where the sensor of a data folder pins: each `atalaya up` on a machine has its own. */
export function pinFolderOf(data: string): string {
  const name = createHash("sha256").update(realpathSync(data)).digest("hex").slice(0, 8);
  return `/sys/fs/bpf/atalaya-${name}`;
}
