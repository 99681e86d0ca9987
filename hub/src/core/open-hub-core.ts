import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { builtInPacks } from "@atalaya/detections";
import type { RuleFile } from "@atalaya/rules";
import type { HealthLimits } from "../health/limits.ts";
import type { HubCore } from "../hub-core.ts";
import { lockDataFolder, prepareDataFolder } from "../store/data-folder.ts";
import { Hub } from "./hub.ts";
import { HubParts } from "./hub-parts.ts";
import { testRuleFile } from "./test-alert.ts";

export type HubCoreOptions = {
  /** The hub's own folder (DIR/hub): database, a file of process rows a day. */
  dataFolder: string;
  /** The user's rule files and folders, beside the built-in packs. */
  ruleFiles: readonly string[];
  /** Names of the sensor of this machine, and what test alerts carry. */
  node: string;
  cluster: string;
  /** Then no sensor is of this machine: the node's name is the pod's. */
  isInPod?: boolean;
  version: string;
  /** Days that resolved alerts and process history are kept, and bytes that the folder may take (history goes first). */
  keepDays?: number;
  keepBytes?: number;
  /** The packs that come with the program; those of detections when absent. */
  builtIn?: readonly RuleFile[];
  /** The key of the hub's authority (PEM), which signs desired states; `ca.key` of the data folder when absent. */
  caKey?: string | undefined;
  /** Other bounds of what is worth news of a sensor. */
  health?: Partial<HealthLimits>;
  /** Told of what nobody waits for and went wrong, one line each. */
  log?: (line: string) => void;
};

/**
 * Opens the hub behind its API: database (migrated), writer, readers, evaluators, rules. Throws Fault DATA_UNWRITABLE
 * (the folder cannot be written, or another hub holds it), STORE_NEWER, STORE_UNREACHABLE.
 */
export async function openHubCore(options: HubCoreOptions): Promise<HubCore> {
  prepareDataFolder(options.dataFolder);
  const unlock = lockDataFolder(options.dataFolder);
  try {
    const builtIn = [...(options.builtIn ?? builtInPacks()), testRuleFile];
    const caKey = options.caKey ?? readKey(join(options.dataFolder, "ca.key"));
    return new Hub(await HubParts.open({ ...options, builtIn, caKey }, unlock));
  } catch (error) {
    unlock();
    throw error;
  }
}

/** A store that was opened without a server has no authority, and gives out no states. */
function readKey(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
