import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { Fault } from "./faults.ts";
import { HubClient } from "./hub-client.ts";

/** The one folder with all data, unless `--data` names another: $XDG_DATA_HOME/atalaya. */
export function defaultDataFolder(): string {
  return join(process.env["XDG_DATA_HOME"] || join(homedir(), ".local", "share"), "atalaya");
}

/** Where `atalaya login` keeps the hub's address and a token (mode 0600): $XDG_CONFIG_HOME/atalaya/client.json. */
export function loginFile(): string {
  return join(process.env["XDG_CONFIG_HOME"] || join(homedir(), ".config"), "atalaya", "client.json");
}

/** What the hub on this machine writes for its own command line. */
export function localClientFile(dataFolder: string): string {
  return join(dataFolder, "client.json");
}

/**
 * The hub to talk to: the one in the data folder `data`, else the one that `atalaya login` chose, else this machine's own.
 * Throws Fault HUB_UNREACHABLE when none of them was ever set up.
 */
export function connectHub(data: string | undefined): HubClient {
  const candidates = data === undefined ? [loginFile(), localClientFile(defaultDataFolder())] : [localClientFile(data)];
  const file = candidates.find(existsSync);
  if (file !== undefined) return HubClient.fromFile(file);
  throw new Fault(
    "HUB_UNREACHABLE",
    "No hub is known here. Start one with `npm start`, or sign in to one: atalaya login https://HUB:8443 --ca FILE",
    { looked_in: candidates.join(", ") },
  );
}
