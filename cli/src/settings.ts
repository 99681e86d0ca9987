import { homedir } from "node:os";
import { join } from "node:path";

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
