import * as z from "zod";
import type { Workloads } from "./workloads.ts";

/** How many lines are said; the rest is a number. */
const linesMax = 50;

const podSchema = z.object({
  metadata: z.object({
    name: z.string(),
    deletionTimestamp: z.string().optional(),
    ownerReferences: z.array(z.object({ kind: z.string(), name: z.string() })).default([]),
  }),
  spec: z.object({
    nodeName: z.string().optional(),
    containers: z.array(z.object({ args: z.array(z.string()).default([]) })),
    affinity: z.unknown().optional(),
  }),
  status: z.object({
    phase: z.string().default("Unknown"),
    conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
  }),
});
type Pod = z.infer<typeof podSchema>;

// How the DaemonSet's controller binds a pod to its node while it is not scheduled yet.
const boundSchema = z.object({
  nodeAffinity: z.object({
    requiredDuringSchedulingIgnoredDuringExecution: z.object({
      nodeSelectorTerms: z.array(
        z.object({ matchFields: z.array(z.object({ key: z.string(), values: z.array(z.string()) })).default([]) }),
      ),
    }),
  }),
});

/** A line for each pod of these DaemonSets that has not left its node: the node's name first, in its order. */
export async function missingNodes(workloads: Workloads, daemonSets: readonly string[]): Promise<string[]> {
  const lines: string[] = [];
  for await (const found of workloads.pods()) {
    const pod = podSchema.parse(found);
    const isOurs = pod.metadata.ownerReferences.some(
      ({ kind, name }) => kind === "DaemonSet" && daemonSets.includes(name),
    );
    if (isOurs && !hasLeft(pod)) lines.push(`  ${nodeOf(pod)}: ${stateOf(pod)}`);
  }
  lines.sort();
  return lines.length <= linesMax
    ? lines
    : [...lines.slice(0, linesMax), `  and ${lines.length - linesMax} pods more of such nodes`];
}

function isReady({ status }: Pod): boolean {
  return status.conditions.some((one) => one.type === "Ready" && one.status === "True");
}

function isTold({ spec }: Pod): boolean {
  return spec.containers[0]?.args.includes("--leave") === true;
}

function hasLeft(pod: Pod): boolean {
  return isTold(pod) && isReady(pod);
}

function nodeOf({ spec }: Pod): string {
  if (spec.nodeName !== undefined) return spec.nodeName;
  const terms = boundSchema.safeParse(spec.affinity).data?.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution;
  const fields = terms?.nodeSelectorTerms.flatMap(({ matchFields }) => matchFields) ?? [];
  return fields.find(({ key }) => key === "metadata.name")?.values[0] ?? "a node without a name";
}

function stateOf(pod: Pod): string {
  const { name, deletionTimestamp } = pod.metadata;
  if (!isTold(pod))
    return `${name} was not told to leave${deletionTimestamp === undefined ? "" : ", and does not end"}`;
  return `${name} is ${pod.status.phase} and has not left`;
}
