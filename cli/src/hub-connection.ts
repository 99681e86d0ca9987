import { existsSync } from "node:fs";
import { Fault } from "@atalaya/wire";
import { HubClient } from "@atalaya/wire/client";
import { defaultDataFolder, localClientFile, loginFile } from "./settings.ts";

/** The options that every command which talks to a hub takes. */
export const connectionOptions = { data: { type: "string" } } as const;

/**
 * The hub to talk to: the one in `--data`, else the one that `atalaya login` chose, else this machine's own.
 * Throws Fault HUB_UNREACHABLE when none of them was ever set up.
 */
export function connectHub(data: string | undefined): HubClient {
  const candidates = data === undefined ? [loginFile(), localClientFile(defaultDataFolder())] : [localClientFile(data)];
  const file = candidates.find(existsSync);
  if (file !== undefined) return HubClient.fromFile(file);
  throw new Fault(
    "HUB_UNREACHABLE",
    "No hub is known here. Start one with `npm start`, or: atalaya login https://HUB:8443",
    {
      looked_in: candidates.join(", "),
    },
  );
}
