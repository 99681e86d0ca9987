import { Fault, type Sensor } from "@atalaya/wire";
import * as z from "zod";
import type { Kube } from "./kube.ts";

/** A node on which the pods may run. */
export type ClusterNode = { name: string; hostname: string /** 32 hexadecimal digits. */; bootId: string };

const nodeList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()).optional() }),
      spec: z.object({
        unschedulable: z.boolean().optional(),
        taints: z.array(z.object({ effect: z.string() })).optional(),
      }),
      status: z.object({
        nodeInfo: z.object({ bootID: z.string(), operatingSystem: z.string() }),
        conditions: z.array(z.object({ type: z.string(), status: z.string() })).optional(),
      }),
    }),
  ),
});

/** The nodes that take pods; undefined when the user may not list nodes. */
export async function schedulableNodes(kube: Kube): Promise<ClusterNode[] | undefined> {
  const { status, stdout } = await kube.kubectl(["get", "nodes", "-o", "json"]);
  if (status !== 0) return undefined;
  return readNodes(stdout);
}

export function readNodes(json: string): ClusterNode[] {
  const { items } = nodeList.parse(JSON.parse(json));
  return items
    .filter(({ spec, status }) => {
      const refuses = (spec.taints ?? []).some(({ effect }) => effect !== "PreferNoSchedule");
      const ready = (status.conditions ?? []).some((one) => one.type === "Ready" && one.status === "True");
      return ready && !refuses && spec.unschedulable !== true && status.nodeInfo.operatingSystem === "linux";
    })
    .map(({ metadata: { name, labels }, status }) => ({
      name,
      hostname: labels?.["kubernetes.io/hostname"] ?? name,
      bootId: status.nodeInfo.bootID.replaceAll("-", ""),
    }));
}

/**
 * The nodes that a live sensor watches: by the boot id that kubelet and sensor both read from the kernel, so that neither
 * the cluster's name at the hub nor the node's matters; by the node's name where a sensor has not reported yet.
 */
export function watchedNodes(nodes: readonly ClusterNode[], sensors: readonly Sensor[]): ClusterNode[] {
  const live = sensors.filter(({ state }) => state !== "silent");
  return nodes.filter(({ name, bootId }) =>
    live.some((one) => (one.report === null ? one.node === name : one.report.boot_id.replaceAll("-", "") === bootId)),
  );
}

/** The node for the victim: `wanted`, or the first that is watched. Throws Fault SIMULATION_UNAVAILABLE with what to do. */
export function chooseNode(
  nodes: readonly ClusterNode[],
  watched: readonly ClusterNode[],
  wanted: string | undefined,
): ClusterNode {
  if (wanted !== undefined && !nodes.some(({ name }) => name === wanted)) {
    const names = nodes.map(({ name }) => name).join(", ");
    throw new Fault("SIMULATION_UNAVAILABLE", `The node ${wanted} takes no pods or is not there. These do: ${names}`);
  }
  const node = watched.find(({ name }) => wanted === undefined || name === wanted);
  if (node !== undefined) return node;
  const where = wanted === undefined ? "any node that takes pods" : `the node ${wanted}`;
  throw new Fault(
    "SIMULATION_UNAVAILABLE",
    `The hub has no live sensor on ${where}. Look: kubectl get ds atalaya-collector-ds -n kube-system; ` +
      "install it: helm install atalaya charts/atalaya -n kube-system; atalaya status lists the sensors that the hub hears",
  );
}
