import type { Match } from "@atalaya/rules";
import { type AtalayaEvent, type DriftPolicy, decideDrift, driftTag, type PodLabels } from "@atalaya/wire";

/** A workspace's policy, and by uid the labels of the cluster's pods for which it asks, as far as they are known. */
export type DriftKnown = { policy: DriftPolicy; podLabels: ReadonlyMap<string, PodLabels> };

/** Whether the workspace's policy lets this match pass in silence. What a node blocked is always told. */
export function isDriftIgnored(drift: DriftKnown, match: Match, event: AtalayaEvent, cluster: string): boolean {
  if (event.class !== "process" || !match.rule.tags.includes(driftTag)) return false;
  if (event.exec_verdict !== null) return false;
  const decision = decideDrift(drift.policy, {
    cluster,
    namespace: event.k8s_namespace,
    pod: event.k8s_pod,
    container: event.container_name,
    image: event.container_image,
    labels: drift.podLabels.get(event.k8s_pod_uid ?? "") ?? null,
    path: event.exe_path,
  });
  return decision.action === "ignore";
}
