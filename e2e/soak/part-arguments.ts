import { hostname } from "node:os";
import { join } from "node:path";
import type { PartName, PartPlace } from "./soak-stack.ts";

export const soakCluster = "soak";
/** The hub's local token lets this machine in, under its own name. */
export const soakNode = hostname();

/** The arguments by which this version's parts are started. */
export function partArguments(part: PartName, { folders, listen, url }: PartPlace): string[] {
  const { data, hub, spool, run, pins } = folders;
  const socket = ["--socket", join(run, "collector.sock")];
  const names = ["--cluster", soakCluster, "--node", soakNode];
  if (part === "hub") return ["--data", data, "--listen", listen, ...names, "--log-level", "warn"];
  if (part === "publisher") {
    const identity = ["--identity", join(data, "identity"), "--enroll-token", join(hub, "local-enrolment.token")];
    return [...socket, "--spool", spool, "--hub", url, ...identity, ...names];
  }
  const kept = ["--pin", join(pins, "sensor"), "--state", join(data, "state"), "--ca", join(hub, "ca.pem")];
  return [...socket, ...names, ...kept];
}
