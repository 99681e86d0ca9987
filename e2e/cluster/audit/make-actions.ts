import { auditEventsFromList } from "@atalaya/audit";
import { until } from "../../../simulator/src/until.ts";
import type { Cluster } from "../cluster.ts";
import { isOf } from "./actions.ts";
import type { AuditAction } from "./audit-action.ts";
import { type LoggedRecord, Scene } from "./scene.ts";

/** An action that was made, where, and what the API server noted of it. */
export type Made = { action: AuditAction; namespace: string; records: LoggedRecord[] };

const lanes = 3;

/** Makes the actions, each in a namespace of its own (`shop-01`, …), a few at a time; gives them in their order. */
export async function makeActions(cluster: Cluster, actions: readonly AuditAction[]): Promise<Made[]> {
  const made: Made[] = [];
  let next = 0;
  const lane = async () => {
    for (let at = next++; at < actions.length; at = next++) {
      const action = actions[at];
      if (action !== undefined) made[at] = await makeOne(cluster, action, `shop-${String(at + 1).padStart(2, "0")}`);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return made;
}

async function makeOne(cluster: Cluster, action: AuditAction, namespace: string): Promise<Made> {
  await cluster.mustKubectl(["create", "namespace", namespace]);
  const scene = new Scene(cluster, namespace);
  // A pod is refused before its namespace has the account that it runs as.
  const account = ["get", "serviceaccount", "default"];
  await until(`the account of ${namespace}`, async () => (await scene.try(account)).status === 0, 20_000);
  await action.prepare?.(scene);
  const wanted = isOf(action, namespace);
  try {
    const records = await scene.recorded(() => action.act(scene), wanted, action.count);
    return { action, namespace, records };
  } catch (error) {
    throw new Error(`${action.rule}, ${action.name}: ${error instanceof Error ? error.message : error}`);
  }
}

/** What the hub makes of the records. */
export function eventsOf({ records }: Made) {
  return auditEventsFromList({ kind: "EventList", apiVersion: "audit.k8s.io/v1", metadata: {}, items: records });
}
