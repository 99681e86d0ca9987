import {
  type InventoryCluster,
  type InventoryNamespacePage,
  type InventoryObject,
  type InventoryObjectPage,
  type InventoryPod,
  type InventoryPodPage,
  type InventoryQuery,
  type InventoryWorkload,
  type InventoryWorkloadPage,
  inventoryKinds,
} from "@atalaya/wire";
import { type SelectQueryBuilder, sql } from "kysely";
import { storeLimits } from "../core/limits.ts";
import {
  containersOf,
  factsOf,
  type InventoryRow,
  inventoryStatusOf,
  labelsOfRow,
  wholeKindsOf,
} from "./inventory-row.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import type { HubTables } from "./schema.ts";

type Db = OpenDatabase<HubTables>;
type ObjectsQuery = SelectQueryBuilder<HubTables, "inventory_objects", object>;

/** Every cluster that an inventory told of. */
export function readInventoryClusters(db: Db, workspaceId: string): InventoryCluster[] {
  const sources = db.query.selectFrom("inventory_sources").selectAll().where("workspace_id", "=", workspaceId);
  return db.rows(sources.orderBy("cluster").limit(storeLimits.inventoryClustersMax)).map((source) => {
    const { cluster, node, seen_us, superseded, over_limit, malformed } = source;
    const complete = (wholeKindsOf(source.complete)?.length ?? 0) >= inventoryKinds.length;
    const status = inventoryStatusOf(source.status);
    return {
      ...{ cluster, node, seen_us, complete, superseded, over_limit, malformed },
      objects: countByKind(db, workspaceId, cluster),
      alerts_open: openAlerts(db, workspaceId, { cluster }),
      ...(status !== undefined && { status }),
    };
  });
}

function countByKind(db: Db, workspaceId: string, cluster: string): Record<string, number> {
  const counted = alive(db, workspaceId)
    .where("kind", "in", [...inventoryKinds])
    .where("cluster", "=", cluster)
    .groupBy("kind")
    .select(["kind", sql<number>`count(*)`.as("n")]);
  return Object.fromEntries(db.rows(counted).map(({ kind, n }) => [kind, n]));
}

function alive(db: Db, workspaceId: string): ObjectsQuery {
  const objects = db.query.selectFrom("inventory_objects").where("workspace_id", "=", workspaceId);
  return objects.where("gone_us", "is", null);
}

export function readInventoryNamespaces(db: Db, workspaceId: string, query: InventoryQuery): InventoryNamespacePage {
  const { rows, next_cursor } = page(db, workspaceId, { ...query, namespace: undefined }, (of) =>
    of.where("kind", "=", "Namespace"),
  );
  const namespaces = rows.map((row) => {
    const { cluster, name: namespace } = row;
    const inside = (of: ObjectsQuery) => of.where("cluster", "=", cluster).where("namespace", "=", namespace);
    return {
      cluster,
      namespace,
      labels: labelsOfRow(row),
      workloads: count(db, inside(alive(db, workspaceId)).where("is_workload", "=", 1)),
      pods: count(db, inside(alive(db, workspaceId).where("kind", "=", "Pod"))),
      alerts_open: openAlerts(db, workspaceId, { cluster, namespace }),
    };
  });
  return { namespaces, ...next_cursor };
}

export function readInventoryWorkloads(db: Db, workspaceId: string, query: InventoryQuery): InventoryWorkloadPage {
  const { rows, next_cursor } = page(db, workspaceId, query, (of) => of.where("is_workload", "=", 1), placeCursor);
  return { workloads: rows.map((row) => workloadOf(db, row)), ...next_cursor };
}

function workloadOf(db: Db, row: InventoryRow): InventoryWorkload {
  const { workspace_id, cluster, namespace, kind, name, uid } = row;
  const facts = factsOf(row);
  const pods = db.rows(
    alive(db, workspace_id)
      .where("kind", "=", "Pod")
      .where("cluster", "=", cluster)
      .where("namespace", "=", namespace)
      .where("workload_kind", "=", kind)
      .where("workload_name", "=", name)
      .groupBy("node")
      .select(["node", sql<number>`count(*)`.as("n")]),
  );
  const images = containersOf(facts).map(({ image }) => image);
  const shown = storeLimits.workloadNodesShownMax;
  return {
    ...{ cluster, namespace, kind, name, uid, labels: labelsOfRow(row) },
    images: [...new Set(images)].slice(0, shown),
    ...(row.service_account !== null && { service_account: row.service_account }),
    ...(typeof facts["wanted"] === "number" && { wanted: facts["wanted"] }),
    ...(typeof facts["ready"] === "number" && { ready: facts["ready"] }),
    pods: pods.reduce((sum, { n }) => sum + n, 0),
    nodes: pods.flatMap(({ node }) => node ?? []).slice(0, shown),
    alerts_open: openAlerts(db, workspace_id, { cluster, namespace, workload: `${kind}/${name}` }),
  };
}

export function readInventoryPods(db: Db, workspaceId: string, query: InventoryQuery): InventoryPodPage {
  const { rows, next_cursor } = page(db, workspaceId, query, (of) => of.where("kind", "=", "Pod"));
  return { pods: rows.map((row) => podOf(db, row)), ...next_cursor };
}

function podOf(db: Db, row: InventoryRow): InventoryPod {
  const { workspace_id, cluster, namespace, name: pod, uid, workload_kind, workload_name } = row;
  const facts = factsOf(row);
  const access = facts["host_access"];
  return {
    ...{ cluster, namespace, pod, uid, labels: labelsOfRow(row), created_us: row.created_us },
    ...(row.node !== null && { node: row.node }),
    ...(row.service_account !== null && { service_account: row.service_account }),
    ...(workload_kind !== null && workload_name !== null && { workload: { kind: workload_kind, name: workload_name } }),
    ...(typeof facts["phase"] === "string" && { phase: facts["phase"] }),
    ...(row.gone_us !== null && { gone_us: row.gone_us }),
    containers: containersOf(facts),
    host_access: Array.isArray(access) ? access.filter((one) => typeof one === "string") : [],
    alerts_open: openAlerts(db, workspace_id, { pod_uid: uid }),
  };
}

/** Objects of any kind; without one, of all. */
export function readInventoryObjects(db: Db, workspaceId: string, query: InventoryQuery): InventoryObjectPage {
  const kinds = query.kind === undefined ? [...inventoryKinds] : query.kind.split(",");
  const { rows, next_cursor } = page(db, workspaceId, query, (of) => of.where("kind", "in", kinds), kindCursor);
  return { objects: rows.map(objectOf), ...next_cursor };
}

export function readInventoryObject(
  db: Db,
  workspaceId: string,
  of: { cluster: string; uid: string },
): InventoryObject | undefined {
  const objects = db.query.selectFrom("inventory_objects").selectAll().where("workspace_id", "=", workspaceId);
  const row = db.row(objects.where("cluster", "=", of.cluster).where("uid", "=", of.uid));
  return row === undefined ? undefined : objectOf(row);
}

function objectOf(row: InventoryRow): InventoryObject {
  const { cluster, kind, uid, namespace, name, resource_version, created_us, changed_us, gone_us } = row;
  const { owner_kind, owner_name, owner_uid, workload_kind, workload_name } = row;
  return {
    ...{ cluster, kind, uid, namespace, name, resource_version, created_us, changed_us },
    ...(owner_kind !== null && { owner: { kind: owner_kind, name: owner_name ?? "", uid: owner_uid ?? "" } }),
    ...(workload_kind !== null && { workload: { kind: workload_kind, name: workload_name ?? "" } }),
    ...(gone_us !== null && { gone_us }),
    labels: labelsOfRow(row),
    facts: factsOf(row),
  };
}

type CursorColumn = "kind" | "cluster" | "namespace" | "name" | "uid";
const placeCursor: readonly CursorColumn[] = ["cluster", "namespace", "name", "uid"];
const kindCursor: readonly CursorColumn[] = ["kind", ...placeCursor];

/** A page in the order of the cursor's columns, which an index has. */
function page(
  db: Db,
  workspaceId: string,
  query: InventoryQuery,
  only: (of: ObjectsQuery) => ObjectsQuery,
  columns: readonly CursorColumn[] = placeCursor,
): { rows: InventoryRow[]; next_cursor: { next_cursor: string } | Record<string, never> } {
  const limit = query.limit ?? storeLimits.inventoryPageDefault;
  let found = filtered(only(db.query.selectFrom("inventory_objects").where("workspace_id", "=", workspaceId)), query);
  const after = parseCursor(query.cursor, columns.length);
  if (after !== undefined) {
    const names = sql.join(columns.map((column) => sql.ref(column)));
    found = found.where(sql<boolean>`(${names}) > (${sql.join(after)})`);
  }
  for (const column of columns) found = found.orderBy(column);
  const rows = db.rows(found.selectAll().limit(limit + 1));
  const last = rows[limit - 1];
  if (rows.length <= limit || last === undefined) return { rows, next_cursor: {} };
  const cursor = Buffer.from(JSON.stringify(columns.map((column) => last[column]))).toString("base64url");
  return { rows: rows.slice(0, limit), next_cursor: { next_cursor: cursor } };
}

/** Undefined for none, and for one that this hub did not give: the list then starts anew. */
function parseCursor(cursor: string | undefined, parts: number): string[] | undefined {
  if (cursor === undefined) return undefined;
  try {
    const read = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8")) as unknown;
    const fits = Array.isArray(read) && read.length === parts && read.every((one) => typeof one === "string");
    return fits ? read : undefined;
  } catch {
    return undefined;
  }
}

function filtered(start: ObjectsQuery, query: InventoryQuery): ObjectsQuery {
  let found = query.gone === "true" ? start : start.where("gone_us", "is", null);
  for (const column of ["cluster", "namespace", "node", "service_account"] as const) {
    const value = query[column];
    if (value !== undefined) found = found.where(column, "=", value);
  }
  if (query.kind !== undefined) found = found.where("kind", "in", query.kind.split(","));
  if (query.workload !== undefined) {
    const [kind = "", ...name] = query.workload.split("/");
    found = found.where("workload_kind", "=", kind).where("workload_name", "=", name.join("/"));
  }
  if (query.image !== undefined) found = found.where(sql<number>`instr(images, ${query.image})`, ">", 0);
  if (query.q !== undefined) found = found.where(sql<number>`instr(name, ${query.q.toLowerCase()})`, ">", 0);
  return found;
}

function count(db: Db, of: ObjectsQuery): number {
  return db.row(of.select(sql<number>`count(*)`.as("n")))?.n ?? 0;
}

type Place = { cluster?: string; namespace?: string; workload?: string; pod_uid?: string };

function openAlerts(db: Db, workspaceId: string, place: Place): number {
  let open = db.query
    .selectFrom("alerts")
    .where("workspace_id", "=", workspaceId)
    .where("status", "<>", sql.lit("resolved"))
    .where("muted", "=", sql.lit(0));
  for (const [column, value] of Object.entries(place) as [keyof Place, string][]) open = open.where(column, "=", value);
  return db.row(open.select(sql<number>`count(*)`.as("n")))?.n ?? 0;
}
