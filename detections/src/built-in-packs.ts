import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { RuleFile } from "@atalaya/rules";

const packsFolder = join(import.meta.dirname, "..", "packs");
const vocabulary = "vocabulary.yaml";

/**
 * The rule files that come with Atalaya, in the order to load them: the shared vocabulary first, then by path.
 * Their paths are those of the repository (`detections/packs/process/miner.yaml`), wherever the folder lies.
 */
export function builtInPacks(folder: string = packsFolder): RuleFile[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".yaml"));
  names.sort((a, b) => (a === vocabulary ? -1 : b === vocabulary ? 1 : a < b ? -1 : 1));
  return names.map((name) => ({
    path: `detections/packs/${name}`,
    text: readFileSync(join(folder, name), "utf8"),
    pack: "built-in",
  }));
}
