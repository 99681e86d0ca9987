import { join } from "node:path";
import { soakCluster, soakNode } from "../soak/part-arguments.ts";
import type { PartName, PartPlace } from "../soak/soak-stack.ts";

/** The last commit whose frames are of version 1. Its publisher sends with a credential that lies in a file. */
export const commitOfFrames1 = "12104e3";

/** The arguments of that commit's parts. */
export function argumentsOfFrames1(part: PartName, { folders, listen, url }: PartPlace): string[] {
  const { data, hub, spool, run } = folders;
  const socket = join(run, "collector.sock");
  if (part === "hub") return ["--data", data, "--listen", listen, "--cluster", soakCluster, "--log-level", "warn"];
  if (part === "collector") return ["--socket", socket, "--node", soakNode, "--cluster", soakCluster];
  const trust = ["--ca", join(hub, "ca.pem"), "--credential", join(hub, "local-sensor.credential")];
  return ["--socket", socket, "--spool", spool, "--hub", url, ...trust];
}
