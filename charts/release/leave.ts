import { isNotFound } from "@atalaya/kube";
import { missingNodes } from "./missing-nodes.ts";
import { settled } from "./settled.ts";
import type { Workloads } from "./workloads.ts";

export const leavePatienceMs = 120_000;

/** Which of the release's workloads, and the folders in which a sensor keeps things on its node. */
export type Leaving = {
  namespace: string;
  daemonSets: readonly string[];
  deployments: readonly string[];
  folders: readonly string[];
};

/**
 * Marks the release's sensors as leaving: their pods start anew with `--leave`, on all nodes at once, and are ready when
 * nothing of theirs is left on the node. Gives whether all said so in time, and else names the nodes that did not. A second
 * call goes on with the first's work.
 */
export async function leave(
  workloads: Workloads,
  names: Leaving,
  say: (line: string) => void,
  patienceMs = leavePatienceMs,
): Promise<boolean> {
  const deployments = await present(names.deployments, (name) =>
    workloads.patch("deployments", name, [{ op: "replace", path: "/spec/replicas", value: 0 }]),
  );
  const daemonSets = await present(names.daemonSets, (name) => mark(workloads, name));
  const asks = [
    ...deployments.map((name) => () => workloads.deployment(name)),
    ...daemonSets.map((name) => () => workloads.daemonSet(name)),
  ];
  const { isDone } = await settled(asks, say, patienceMs);
  if (isDone) say("nothing of the sensors is left on any node");
  else for (const line of await advice(workloads, names)) say(line);
  return isDone;
}

async function advice(workloads: Workloads, { namespace, daemonSets, folders }: Leaving): Promise<string[]> {
  const missing = await missingNodes(workloads, daemonSets);
  const nodes =
    missing.length === 0
      ? ["the release's pods have not all ended"]
      : [`the sensor has not left these nodes, which keep what it made in ${folders.join(", ")}:`, ...missing];
  return [
    ...nodes,
    "when they answer again, or a minute after they were deleted from the cluster, run the same helm uninstall once more",
    "or delete the release without them: helm uninstall --no-hooks; then, on each such node, remove those folders",
    `these lines stay for a day: kubectl -n ${namespace} logs -l app.kubernetes.io/component=leaving --tail=-1`,
  ];
}

async function mark(workloads: Workloads, name: string): Promise<void> {
  const { args } = await workloads.daemonSet(name);
  if (args.includes("--leave")) return;
  await workloads.patch("daemonsets", name, [
    { op: "add", path: "/spec/template/spec/containers/0/args/-", value: "--leave" },
    { op: "replace", path: "/spec/updateStrategy/rollingUpdate/maxUnavailable", value: "100%" },
  ]);
}

/** Those that are there: somebody may have deleted one by hand. */
async function present(names: readonly string[], work: (name: string) => Promise<void>): Promise<string[]> {
  const found: string[] = [];
  for (const name of names) {
    try {
      await work(name);
      found.push(name);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  return found;
}
