/** Whose projected token lets a node send its cluster's inventory (the pod's own: see ClaimRequest in sync.ts). */
export const inventoryServiceAccount = "atalaya-inventory";

/** The kinds that are listed and watched, in this order: owners before what they own. */
export const inventoryKinds = [
  "Namespace",
  "Node",
  "Deployment",
  "StatefulSet",
  "DaemonSet",
  "ReplicaSet",
  "CronJob",
  "Job",
  "ServiceAccount",
  "Pod",
  "Service",
  "Ingress",
  "Role",
  "ClusterRole",
  "RoleBinding",
  "ClusterRoleBinding",
] as const;
export type InventoryKind = (typeof inventoryKinds)[number];

/** Kinds that make pods, and are shown as workloads. */
export const workloadKinds = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "CronJob", "Job"] as const;
