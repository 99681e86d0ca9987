import type { AlertWhere } from "@atalaya/wire";
import type { CommittedAlert } from "../hub-core.ts";
import type { FixedSummary } from "../pipeline/alert-document.ts";
import { searchable } from "../pipeline/searchable.ts";
import { type AlertRow, summaryOfRow } from "./alert-rows.ts";
import { containersOf, factsOf, type InventoryRow, labelsOfRow } from "./inventory-row.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import type { HubTables } from "./schema.ts";
import type { WorkspaceState } from "./workspace-state.ts";

type Db = OpenDatabase<HubTables>;
/** What an alert's row holds of its pod. */
export type AlertPlace = Pick<AlertRow, "pod_uid" | "pod_known" | "workload"> & { where: AlertWhere };

/**
 * Where an alert belongs, with what the inventory knows of its pod now. A pod that only a request names (an exec, say)
 * is the one that had the name at the time; where none is known to have had it then, nothing is guessed.
 */
export function placeOfAlert(db: Db, workspaceId: string, where: AlertWhere, timeUs: number): AlertPlace {
  const { cluster, pod_uid, namespace, pod } = where;
  const pods = db.query
    .selectFrom("inventory_objects")
    .selectAll()
    .where("workspace_id", "=", workspaceId)
    .where("kind", "=", "Pod")
    .where("cluster", "=", cluster ?? "");
  let found: InventoryRow | undefined;
  if (pod_uid !== undefined) found = db.row(pods.where("uid", "=", pod_uid));
  else if (namespace !== undefined && pod !== undefined) {
    const named = pods.where("namespace", "=", namespace).where("name", "=", pod).where("created_us", "<=", timeUs);
    found = db.row(named.where((is) => is.or([is("gone_us", "is", null), is("gone_us", ">=", timeUs)])).limit(1));
  }
  if (found === undefined) return { pod_uid: pod_uid ?? null, pod_known: 0, workload: null, where };
  return placeIn(found, where);
}

function placeIn(pod: InventoryRow, before: AlertWhere): AlertPlace {
  const labels = labelsOfRow(pod);
  const digest = digestOf(pod, before);
  const where: AlertWhere = { ...before, pod_uid: pod.uid, pod_labels: labels };
  if (digest !== undefined) where.image_digest = digest;
  const { workload_kind: kind, workload_name: name } = pod;
  if (kind !== null && name !== null) where.workload = { kind, name };
  // A ReplicaSet or a Job is known to have no owner only once it was told itself.
  const settled = pod.owner_uid === null || (kind !== "ReplicaSet" && kind !== "Job");
  const known = settled && (digest !== undefined || before.container_name === undefined);
  return { pod_uid: pod.uid, pod_known: known ? 1 : 0, workload: kind === null ? null : `${kind}/${name}`, where };
}

function digestOf(pod: InventoryRow, where: AlertWhere): string | undefined {
  const containers = containersOf(factsOf(pod));
  const id = where.container_id;
  const byId = id === undefined ? undefined : containers.find((one) => one.container_id?.startsWith(id));
  const found = byId ?? containers.find((one) => one.name === where.container_name);
  return found?.image_digest;
}

/** Tells what is known of a pod now in the alerts that lacked it; gives those that changed, for who watches. */
export function amendAlertsOfPod(db: Db, state: WorkspaceState, pod: InventoryRow): CommittedAlert[] {
  const waiting = db.query
    .selectFrom("alerts")
    .selectAll()
    .where("workspace_id", "=", pod.workspace_id)
    .where("pod_uid", "=", pod.uid)
    .where("pod_known", "=", 0)
    .where("cluster", "=", pod.cluster);
  return db.rows(waiting).flatMap((row) => amend(db, state, row, pod) ?? []);
}

function amend(db: Db, state: WorkspaceState, row: AlertRow, pod: InventoryRow): CommittedAlert | undefined {
  const fixed = JSON.parse(row.summary) as FixedSummary;
  const { where, ...place } = placeIn(pod, fixed.where);
  const summary = JSON.stringify({ ...fixed, where });
  if (summary === row.summary && place.pod_known === row.pod_known) return undefined;
  const told = row.muted === 0;
  const changed: AlertRow = {
    ...row,
    ...place,
    summary,
    search_text: withWorkload(row.search_text, place.workload),
    commit_no: told ? state.nextCommit(row.workspace_id) : row.commit_no,
  };
  const { pod_uid, pod_known, workload, search_text, commit_no } = changed;
  const update = db.query.updateTable("alerts").set({ pod_uid, pod_known, workload, search_text, commit_no, summary });
  db.run(update.where("workspace_id", "=", row.workspace_id).where("alert_id", "=", row.alert_id));
  return told ? { workspaceId: row.workspace_id, commit: commit_no, alert: summaryOfRow(changed) } : undefined;
}

/** An alert is found by its workload's name too. */
export function withWorkload(searchText: string, workload: string | null): string {
  const text = workload === null ? "" : searchable(workload);
  return text === "" || searchText.includes(text) ? searchText : `${searchText}\n${text}`;
}
