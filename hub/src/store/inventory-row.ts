import {
  type InventoryContainer,
  type InventoryEvent,
  type InventoryStatus,
  inventoryContainerSchema,
  inventoryKinds,
  inventoryStatusSchema,
  workloadKinds,
} from "@atalaya/wire";
import type { Selectable } from "kysely";
import type { InventoryObjectTable } from "./schema.ts";

export type InventoryRow = Selectable<InventoryObjectTable>;

/**
 * The row of a `put`; undefined for one that names no object, or a kind that no inventory tells. `facts` is kept as it
 * came, when it is a JSON object.
 */
export function rowOfEvent(
  event: InventoryEvent,
  of: { workspace_id: string; cluster: string },
  seen: number,
  nowUs: number,
): InventoryRow | undefined {
  const { uid, kind, object_name } = event;
  if (!uid || !kind || !object_name || !(inventoryKinds as readonly string[]).includes(kind)) return undefined;
  const facts = parsedObject(event.facts);
  return {
    ...of,
    uid,
    kind,
    namespace: event.k8s_namespace ?? "",
    name: object_name,
    resource_version: event.resource_version ?? "",
    seen,
    owner_kind: event.owner_kind,
    owner_name: event.owner_name,
    owner_uid: event.owner_uid,
    workload_kind: null,
    workload_name: null,
    is_workload: (workloadKinds as readonly string[]).includes(kind) ? 1 : 0,
    node: event.node_name,
    service_account: event.service_account,
    images: imagesText(containersOf(facts)),
    labels: JSON.stringify(labelsOf(event.labels)),
    facts: JSON.stringify(facts),
    created_us: event.created_us ?? 0,
    changed_us: nowUs,
    gone_us: null,
  };
}

/** The containers in an object's facts; what does not look like one is left out. */
export function containersOf(facts: Readonly<Record<string, unknown>>): InventoryContainer[] {
  const list = facts["containers"];
  if (!Array.isArray(list)) return [];
  return list.flatMap((one) => inventoryContainerSchema.safeParse(one).data ?? []);
}

/** How the inventory says it is; undefined for what does not look like that. */
export function inventoryStatusOf(text: string | null): InventoryStatus | undefined {
  return inventoryStatusSchema.safeParse(parsedObject(text)).data;
}

/** The kinds of which a source has told all; undefined where what is kept of it cannot be read. */
export function wholeKindsOf(text: string): string[] | undefined {
  try {
    const kinds = JSON.parse(text) as unknown;
    return Array.isArray(kinds) ? kinds.filter((one) => typeof one === "string") : undefined;
  } catch {
    return undefined;
  }
}

export function factsOf(row: Pick<InventoryRow, "facts">): Record<string, unknown> {
  return parsedObject(row.facts);
}

export function labelsOfRow(row: Pick<InventoryRow, "labels">): Record<string, string> {
  return parsedObject(row.labels) as Record<string, string>;
}

function imagesText(containers: readonly InventoryContainer[]): string {
  return [...new Set(containers.flatMap(({ image, image_digest }) => [image, image_digest ?? ""]))].join(" ").trim();
}

function labelsOf(labels: readonly string[] | null): Record<string, string> {
  const pairs = (labels ?? []).map((label) => [label.split("=", 1)[0] ?? "", label.slice(label.indexOf("=") + 1)]);
  return Object.fromEntries(pairs);
}

function parsedObject(text: string | null): Record<string, unknown> {
  try {
    const value = JSON.parse(text ?? "{}") as unknown;
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : {};
  } catch {
    return {};
  }
}
