import { storeLimits } from "../core/limits.ts";
import type { LabelledPod } from "../state/pod-labels.ts";
import { labelsOfRow } from "./inventory-row.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import type { HubTables } from "./schema.ts";

/** The pods that run on some node, each with those of the labels that it has; in the order of their uids within a cluster. */
export function readPodLabels(
  db: OpenDatabase<HubTables>,
  { workspaceId, keys }: { workspaceId: string; keys: readonly string[] },
): LabelledPod[] {
  const pods = db.query
    .selectFrom("inventory_objects")
    .select(["cluster", "node", "uid", "labels"])
    .where("workspace_id", "=", workspaceId)
    .where("kind", "=", "Pod")
    .where("gone_us", "is", null)
    .where("node", "is not", null);
  return db.rows(pods.orderBy("cluster").orderBy("uid").limit(storeLimits.labelledPodsMax)).map((row) => {
    const labels = labelsOfRow(row);
    const asked = keys.flatMap((key): [string, string][] => {
      const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
      return typeof value === "string" ? [[key, value]] : [];
    });
    return { cluster: row.cluster, node: row.node ?? "", uid: row.uid, labels: Object.fromEntries(asked) };
  });
}
