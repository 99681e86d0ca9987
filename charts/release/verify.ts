import { hubHealth, type VerifiedHub } from "./hub-health.ts";
import { settled } from "./settled.ts";
import type { Workloads } from "./workloads.ts";

export const verifyPatienceMs = 90_000;

/** Whether every node's sensor is ready and the hub answers under a certificate of its own CA. */
export async function verify(
  workloads: Workloads,
  names: { daemonSets: readonly string[]; deployments: readonly string[] },
  hub: VerifiedHub | undefined,
  say: (line: string) => void,
  patienceMs = verifyPatienceMs,
): Promise<boolean> {
  const asks = [
    ...names.daemonSets.map((name) => () => workloads.daemonSet(name)),
    ...names.deployments.map((name) => () => workloads.deployment(name)),
  ];
  const { isDone, all } = await settled(asks, say, patienceMs);
  if (!isDone) {
    say("not every pod is ready: kubectl describe pods -l app.kubernetes.io/name=atalaya tells why");
    return false;
  }
  const sets = all.slice(0, names.daemonSets.length);
  const idle = sets.filter(({ wanted }) => wanted === 0).map(({ name }) => name);
  if (idle.length === sets.length || idle.some((name) => name.includes("control-plane"))) {
    say(`no node is meant for ${idle.join(", ")}: see nodes.selector and audit.file.controlPlaneLabel`);
    return false;
  }
  say("every node is watched, and what its sensor saw reaches the hub");
  if (hub === undefined) return true;
  await hubHealth(hub);
  say(`the hub answers at ${hub.url}${hub.proxy === undefined ? "" : ` through ${hub.proxy}`}: healthy`);
  return true;
}
