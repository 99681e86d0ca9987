import { join } from "node:path";
import type { PartName, PartPlace } from "./soak-stack.ts";

export const soakCluster = "soak";
export const soakNode = "soak-node";

/** The arguments by which this version's parts are started. */
export function partArguments(part: PartName, { folders, listen, url }: PartPlace): string[] {
  const { data, hub, spool, run } = folders;
  const socket = join(run, "collector.sock");
  if (part === "hub") return ["--data", data, "--listen", listen, "--cluster", soakCluster, "--log-level", "warn"];
  if (part === "collector") return ["--socket", socket, "--node", soakNode, "--cluster", soakCluster];
  const trust = ["--ca", join(hub, "ca.pem"), "--credential", join(hub, "local-sensor.credential")];
  return ["--socket", socket, "--spool", spool, "--hub", url, ...trust];
}
