import type { HubClient } from "@atalaya/wire/client";
import type { ClusterWhere } from "../arguments.ts";
import { limits } from "../limits.ts";
import type { Report } from "../report/report.ts";
import { sensorsOf } from "../sensors.ts";
import { until } from "../until.ts";
import { requireAudit } from "./audit-way.ts";
import { chartFolder } from "./chart.ts";
import type { Installation } from "./install.ts";
import type { Kube } from "./kube.ts";
import { type ClusterNode, chooseNode, schedulableNodes, watchedNodes } from "./nodes.ts";
import { requireCluster, requirePrograms, requireRights } from "./preflight.ts";
import { newNamespaceName } from "./run-namespace.ts";

/**
 * Looks before anything is made: kubectl, Helm, the cluster, the user's rights, the hub, a live sensor on a node, and,
 * when an alert from it is expected, the way of the audit log. Throws Fault SIMULATION_UNAVAILABLE with the remedy for
 * what is missing. `hub` is absent when another product is scored.
 */
export async function prepareCluster(
  where: ClusterWhere,
  hub: HubClient | undefined,
  expectsAudit: boolean,
  report: Report,
  signal: AbortSignal,
): Promise<{ kube: Kube; installation: Omit<Installation, "scenarios"> }> {
  report.progress("looking whether everything is there");
  const chart = chartFolder(where.chart);
  const kube = requirePrograms(where, signal);
  await requireCluster(kube);
  const namespace = newNamespaceName();
  await requireRights(kube, namespace);
  const nodes = await schedulableNodes(kube);
  if (nodes === undefined) {
    report.news("you may not list nodes: whether a sensor watches the victim's node is not known");
  }
  const nodeSelector = nodes === undefined ? {} : await selectorOf(where.node, nodes, hub, signal);
  if (hub !== undefined && expectsAudit && where.withAudit) await requireAudit(kube, hub, namespace, signal);
  const { image, metadataStandIn, valueFiles } = where;
  return { kube, installation: { chart, namespace, image, metadataStandIn, nodeSelector, valueFiles } };
}

async function selectorOf(
  wanted: string | undefined,
  nodes: readonly ClusterNode[],
  hub: HubClient | undefined,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  // Whether another product watches a node is its own affair.
  if (hub === undefined)
    return wanted === undefined ? {} : { "kubernetes.io/hostname": chooseNode(nodes, nodes, wanted).hostname };
  let watched: ClusterNode[] = [];
  const heard = async () => {
    watched = watchedNodes(nodes, await sensorsOf(hub));
    return watched.some(({ name }) => wanted === undefined || name === wanted);
  };
  // A sensor that was just started reports within a second or two; who none is heard of is told below.
  if (!(await heard()))
    await until("a sensor's report", heard, limits.sensorReportsMs, signal).catch(rethrowAborted(signal));
  return { "kubernetes.io/hostname": chooseNode(nodes, watched, wanted).hostname };
}

function rethrowAborted(signal: AbortSignal): (error: unknown) => void {
  return (error) => {
    if (signal.aborted) throw error;
  };
}
