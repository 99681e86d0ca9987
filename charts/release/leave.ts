import { isNotFound } from "@atalaya/kube";
import { settled } from "./settled.ts";
import type { Workloads } from "./workloads.ts";

export const leavePatienceMs = 120_000;

/**
 * Marks the release's sensors as leaving: their pods start anew with `--leave`, on all nodes at once, and are ready when
 * nothing of theirs is left on the node. Gives whether all said so in time. A second call goes on with the first's work.
 */
export async function leave(
  workloads: Workloads,
  names: { daemonSets: readonly string[]; deployments: readonly string[] },
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
  else
    say(
      "the nodes that are missing keep what a sensor left there: /run/atalaya, /var/lib/atalaya, /sys/fs/bpf/atalaya",
    );
  return isDone;
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
