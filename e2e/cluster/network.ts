import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
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

/** Removes the pods' namespaces too, which the network plugin makes and nobody ends but a kubelet that deletes its pods. */
export async function removeClusterNetwork(place: Place): Promise<void> {
  for (const name of podNetworks(place)) await runProgram("ip", ["netns", "delete", name]);
  if (existsSync(place.netns)) await runProgram("ip", ["netns", "delete", place.name]);
}

/** The names of the network namespaces that containers of ours were told to enter, by what containerd left on disk. */
export function podNetworks(place: Place): string[] {
  const bundles = join(place.runFolder, "containerd", "io.containerd.runtime.v2.task", "k8s.io");
  if (!existsSync(bundles)) return [];
  const names = readdirSync(bundles).flatMap((id) => {
    const config = join(bundles, id, "config.json");
    const text = existsSync(config) ? readFileSync(config, "utf8") : "";
    return /"path":\s*"\/(?:var\/)?run\/netns\/(cni-[0-9a-f-]+)"/.exec(text)?.[1] ?? [];
  });
  return [...new Set(names)].filter((name) => existsSync(`/run/netns/${name}`));
}
