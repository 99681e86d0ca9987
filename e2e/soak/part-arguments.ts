import { join } from "node:path";
import type { PartName, PartPlace } from "./soak-stack.ts";

export const soakCluster = "soak";
export const soakNode = "soak-node";

/** The arguments by which this version's parts are started. */
export function partArguments(part: PartName, { folders, listen, url }: PartPlace): string[] {
  const { data, hub, spool, run } = folders;
  const socket = join(run, "collector.sock");
  const names = ["--cluster", soakCluster, "--node", soakNode];
  if (part === "hub") return ["--data", data, "--listen", listen, ...names, "--log-level", "warn"];
  if (part === "collector")
    return ["--socket", socket, "--ca", join(hub, "ca.pem"), "--state", join(data, "state"), ...names];
  const identity = ["--identity", join(data, "identity"), "--enroll-token", join(hub, "local-enrolment.token")];
  return ["--socket", socket, "--spool", spool, "--hub", url, ...identity, ...names];
}
