import { existsSync } from "node:fs";
import { mustRun, runProgram } from "../../simulator/src/run-program.ts";
import { addresses, type Place } from "./place.ts";

/** The cluster's own network: a veth pair whose two ends are both inside, so that no packet gets out. */
export async function makeClusterNetwork(place: Place): Promise<void> {
  if (existsSync(place.netns)) return;
  const inside = (...args: string[]) => mustRun("ip", ["-n", place.name, ...args]);
  await mustRun("ip", ["netns", "add", place.name]);
  await inside("link", "set", "lo", "up");
  // The kubelet refuses a loopback address for its node, and not every kernel has dummy links.
  await inside("link", "add", "ext0", "type", "veth", "peer", "name", "ext1");
  await inside("addr", "add", addresses.nodeNetwork, "dev", "ext0");
  await inside("link", "set", "ext0", "up");
  await inside("link", "set", "ext1", "up");
  await inside("route", "add", "default", "via", addresses.gateway);
}

export async function removeClusterNetwork(place: Place): Promise<void> {
  if (existsSync(place.netns)) await runProgram("ip", ["netns", "delete", place.name]);
}
