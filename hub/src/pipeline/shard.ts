/** The evaluator of a node (or, with an empty name, of a cluster's audit log). */
export function shardOf(workspaceId: string, cluster: string, node: string, evaluators: number): number {
  let hash = 0;
  for (const part of `${workspaceId}\n${cluster}\n${node}`) hash = (hash * 31 + (part.codePointAt(0) ?? 0)) >>> 0;
  return hash % evaluators;
}
