import * as z from "zod";

// What a cluster is made of, as its inventory told it. Events of the class `inventory` carry it to the hub; the hub's API
// gives it out. How a row is told apart, and what a snapshot is: docs/inventory.md.

const count = z.number().nonnegative().max(Number.MAX_SAFE_INTEGER);

/** How the inventory is: told when a kind is complete, and now and then. */
export const inventoryStatusSchema = z.object({
  version: z.string().max(64),
  started_us: count,
  memory_bytes: count,
  cpu_us: count,
  kinds: z
    .array(
      z.object({
        kind: z.string().max(64),
        /** Objects of the last whole list. */
        listed: count,
        /** Changes that a watch brought since. */
        changes: count,
        lists: count,
        /** Lists because what was watched was gone from etcd (410). */
        gone: count,
        /** Why the kind can't be listed now. */
        problem: z.string().max(256).optional(),
      }),
    )
    .max(64),
  /** What was left out or cut, by name. */
  counters: z.record(z.string().max(64), count),
});
export type InventoryStatus = z.infer<typeof inventoryStatusSchema>;

export const inventoryContainerSchema = z.object({
  name: z.string(),
  /** "app", "init" or "ephemeral". */
  role: z.enum(["app", "init", "ephemeral"]),
  image: z.string(),
  /** `sha256:…` as the node's runtime resolved it; absent before the container ran. */
  image_digest: z.string().optional(),
  container_id: z.string().optional(),
  privileged: z.boolean().optional(),
});
export type InventoryContainer = z.infer<typeof inventoryContainerSchema>;

const workloadRefSchema = z.object({ kind: z.string(), name: z.string() });
export type WorkloadRef = z.infer<typeof workloadRefSchema>;
const labelsSchema = z.record(z.string(), z.string());

/** One object of any kind. `facts` by kind are what the inventory keeps of it (inventory/README.md). */
export const inventoryObjectSchema = z.object({
  cluster: z.string(),
  kind: z.string(),
  uid: z.string(),
  namespace: z.string(),
  name: z.string(),
  resource_version: z.string(),
  owner: workloadRefSchema.extend({ uid: z.string() }).optional(),
  /** What made it in the end: the Deployment behind the ReplicaSet. */
  workload: workloadRefSchema.optional(),
  labels: labelsSchema,
  facts: z.record(z.string(), z.unknown()),
  created_us: z.number(),
  changed_us: z.number(),
  /** When it was found to be deleted; it is kept for a day. */
  gone_us: z.number().optional(),
});
export type InventoryObject = z.infer<typeof inventoryObjectSchema>;

export const inventoryClusterSchema = z.object({
  cluster: z.string(),
  /** The node whose publisher brought the last word, and when. */
  node: z.string(),
  seen_us: z.number(),
  /** Every kind was listed whole. */
  complete: z.boolean(),
  objects: z.record(z.string(), z.number()),
  alerts_open: z.number(),
  status: inventoryStatusSchema.optional(),
  /** Rows that came from an inventory that a later one had replaced, rows beyond the bound, rows that name no object. */
  superseded: z.number(),
  over_limit: z.number(),
  malformed: z.number(),
});
export type InventoryCluster = z.infer<typeof inventoryClusterSchema>;

export const inventoryNamespaceSchema = z.object({
  cluster: z.string(),
  namespace: z.string(),
  labels: labelsSchema,
  workloads: z.number(),
  pods: z.number(),
  alerts_open: z.number(),
});
export type InventoryNamespace = z.infer<typeof inventoryNamespaceSchema>;

export const inventoryWorkloadSchema = z.object({
  cluster: z.string(),
  namespace: z.string(),
  kind: z.string(),
  name: z.string(),
  uid: z.string(),
  labels: labelsSchema,
  images: z.array(z.string()),
  service_account: z.string().optional(),
  wanted: z.number().optional(),
  ready: z.number().optional(),
  pods: z.number(),
  /** Nodes on which its pods are. */
  nodes: z.array(z.string()),
  alerts_open: z.number(),
});
export type InventoryWorkload = z.infer<typeof inventoryWorkloadSchema>;

export const inventoryPodSchema = z.object({
  cluster: z.string(),
  namespace: z.string(),
  pod: z.string(),
  uid: z.string(),
  node: z.string().optional(),
  service_account: z.string().optional(),
  workload: workloadRefSchema.optional(),
  phase: z.string().optional(),
  containers: z.array(inventoryContainerSchema),
  labels: labelsSchema,
  /** What of the node it shares: "network", "pid", "ipc", "path"; "privileged" where a container is. */
  host_access: z.array(z.string()),
  created_us: z.number(),
  gone_us: z.number().optional(),
  alerts_open: z.number(),
});
export type InventoryPod = z.infer<typeof inventoryPodSchema>;

const text = z.string().max(256).optional();
/** Filters as they stand in the address bar. */
export const inventoryQuerySchema = z.object({
  cluster: text,
  namespace: text,
  kind: text,
  node: text,
  service_account: text,
  /** `Deployment/shop` */
  workload: z.string().max(512).optional(),
  /** A part of an image's name or digest. */
  image: text,
  /** A part of the name. */
  q: text,
  /** "true": also what was deleted within the last day. */
  gone: z.enum(["true", "false"]).optional(),
  /** `next_cursor` of the page before. */
  cursor: z.string().max(2_048).optional(),
  limit: z.coerce.number().int().min(1).max(200).optional(),
});
export type InventoryQuery = z.infer<typeof inventoryQuerySchema>;

const next_cursor = z.string().optional();
export const inventoryClustersSchema = z.object({ clusters: z.array(inventoryClusterSchema) });
export const inventoryNamespacePageSchema = z.object({ namespaces: z.array(inventoryNamespaceSchema), next_cursor });
export const inventoryWorkloadPageSchema = z.object({ workloads: z.array(inventoryWorkloadSchema), next_cursor });
export const inventoryPodPageSchema = z.object({ pods: z.array(inventoryPodSchema), next_cursor });
export const inventoryObjectPageSchema = z.object({ objects: z.array(inventoryObjectSchema), next_cursor });
export type InventoryNamespacePage = z.infer<typeof inventoryNamespacePageSchema>;
export type InventoryWorkloadPage = z.infer<typeof inventoryWorkloadPageSchema>;
export type InventoryPodPage = z.infer<typeof inventoryPodPageSchema>;
export type InventoryObjectPage = z.infer<typeof inventoryObjectPageSchema>;
