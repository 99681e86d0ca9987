import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Sources in `bpfFolder` that are about to be laid out otherwise no longer assert the sizes that they have here. */
export function dropLayoutAssertions(bpfFolder: string): void {
  for (const name of readdirSync(bpfFolder)) {
    const file = join(bpfFolder, name);
    const text = readFileSync(file, "utf8");
    const changed = text.replaceAll(/_Static_assert\(.*\);/g, "");
    if (changed !== text) writeFileSync(file, changed);
  }
}
