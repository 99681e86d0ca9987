import { sql } from "kysely";
import { storeLimits } from "../core/limits.ts";
import type { LabelledPod, ReadPods } from "../state/pod-labels.ts";
import { labelsOfRow } from "./inventory-row.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import type { HubTables } from "./schema.ts";

type Asked = { workspaceId: string; keys: readonly string[]; podsMax?: number };

/**
 * The pods that run on some node, each with those of the labels that it has; in the order of their uids within a cluster.
 * Where there are more than can be read, each cluster has its turn, so that none of them takes another's room.
 */
export function readPodLabels(
  db: OpenDatabase<HubTables>,
  { workspaceId, keys, podsMax = storeLimits.labelledPodsMax }: Asked,
): ReadPods {
  const running = db.query
    .selectFrom("inventory_objects")
    .where("workspace_id", "=", workspaceId)
    .where("kind", "=", "Pod")
    .where("gone_us", "is", null)
    .where("node", "is not", null);
  const total = db.row(running.select((of) => of.fn.countAll<number>().as("n")))?.n ?? 0;
  const pods = running.select(["cluster", "node", "uid", "labels"]);
  const turn = sql`row_number() over (partition by cluster order by uid)`;
  const ordered = total > podsMax ? pods.orderBy(turn) : pods;
  const rows = db.rows(ordered.orderBy("cluster").orderBy("uid").limit(podsMax));
  const read = rows.map((row): LabelledPod => {
    const labels = labelsOfRow(row);
    const asked = keys.flatMap((key): [string, string][] => {
      const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
      return typeof value === "string" ? [[key, value]] : [];
    });
    return { cluster: row.cluster, node: row.node ?? "", uid: row.uid, labels: Object.fromEntries(asked) };
  });
  return { pods: read, leftOut: total - read.length };
}
