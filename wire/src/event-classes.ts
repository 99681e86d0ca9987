import type { ColumnTable, RowOf } from "./columns.ts";
import { actor, processColumns } from "./process-columns.ts";
import { dnsColumns, fileColumns, kernelColumns, networkColumns } from "./syscall-columns.ts";

// The columns of process and system call events are in process-columns.ts and syscall-columns.ts.

/** One record of a Kubernetes API server's audit log (audit.k8s.io/v1 Event), its secrets already redacted. */
export const apiColumns = {
  activity: ["request"],
  time_us: "u53",
  audit_id: "str",
  stage: "str",
  verb: "str",
  user_name: "str",
  user_agent: "str",
  source_ips: "strs",
  api_group: "str",
  resource: "str",
  subresource: "str",
  k8s_namespace: "str",
  object_name: "str",
  response_code: "u16",
  /** The redacted record as JSON, in the shape of audit.k8s.io/v1 Event. */
  record: "json",
  /** Where its line ends, in bytes of all the audit log that this node read; null for what came by a webhook. */
  position: "u53",
} as const satisfies ColumnTable;

/**
 * What a sensor says of itself, every few seconds at least (`report`, a SensorReport as JSON), and what the hub makes of sensors:
 *   blind      events of `object` (a class) were lost for `reason`, `count` of them within `duration_us`
 *   silent     nothing was heard for `duration_us`
 *   clock      the node's clock is `duration_us` away from the hub's, or jumped by it
 *   identity   a frame or an enrolment named another node, cluster or workspace than its proof (`reason` says which)
 *   refused    the node refused a desired state (`reason`)
 *   heartbeat  the sensor runs and does not see what it does itself (`object` says what: exec, open)
 *   unread     the audit log that the node is to read was not read for `duration_us` (`reason`: an AuditLogState)
 */
export const sensorColumns = {
  activity: ["report", "blind", "silent", "clock", "identity", "refused", "heartbeat", "unread", "tampered"],
  time_us: "u53",
  report: "json",
  reason: "str",
  object: "str",
  count: "u53",
  duration_us: "u53",
  message: "str",
} as const satisfies ColumnTable;

/**
 * What a cluster's inventory saw of its objects. State, not happenings: a row that comes twice says the same.
 *   put        the object as it is now
 *   gone       it was deleted
 *   complete   every object of `kind` that is there was told with this `generation` or a later one: the others are gone
 *   status     how the inventory itself is (`facts`, an InventoryStatus as JSON)
 */
export const inventoryColumns = {
  activity: ["put", "gone", "complete", "status"],
  time_us: "u53",
  /** Counted by the inventory from its start on; its frames' layout hash names that start. */
  position: "u53",
  /** The start of the inventory by the API server's clock: of two that send for one cluster, the later counts. */
  epoch_us: "u53",
  /** The list that the row belongs to, or follows: grows with every list of a kind. */
  generation: "u53",
  /** Kubernetes' name of the kind, e.g. `Pod`. */
  kind: "str",
  uid: "str",
  resource_version: "str",
  k8s_namespace: "str",
  object_name: "str",
  /** The owner that controls it (metadata.ownerReferences with controller: true). */
  owner_kind: "str",
  owner_name: "str",
  owner_uid: "str",
  created_us: "u53",
  /** Pods: where it runs, and as whom. */
  node_name: "str",
  service_account: "str",
  /** `key=value` */
  labels: "strs",
  /** What else is known, by kind: see wire/src/inventory.ts. */
  facts: "json",
} as const satisfies ColumnTable;

/** Class name -> its number on the wire. Numbers are never reused. */
export const classNumbers = {
  process: 1,
  file: 2,
  network: 3,
  dns: 4,
  kernel: 5,
  api: 6,
  sensor: 7,
  inventory: 8,
} as const;
export type EventClass = keyof typeof classNumbers;

/**
 * Where the later parts of a class begin, whose presence bitmaps before them are full: columns from there on have a bitmap
 * of their own behind the values before, only where one of them, or of a part behind them, is present (docs/decisions/0022,
 * 0035). Never moved, and every part but the last has a multiple of eight columns: its bitmap could not grow.
 */
export const laterParts: Partial<Record<EventClass, readonly string[]>> = {
  process: ["left_container", "container_mounts"],
  file: ["other_path"],
  network: ["error"],
  kernel: ["target_object"],
};

export const classColumns = {
  process: processColumns,
  file: fileColumns,
  network: networkColumns,
  dns: dnsColumns,
  kernel: kernelColumns,
  api: apiColumns,
  sensor: sensorColumns,
  inventory: inventoryColumns,
} as const satisfies Record<EventClass, ColumnTable>;

export type ProcessEvent = { class: "process" } & RowOf<typeof processColumns>;
export type FileEvent = { class: "file" } & RowOf<typeof fileColumns>;
export type NetworkEvent = { class: "network" } & RowOf<typeof networkColumns>;
export type DnsEvent = { class: "dns" } & RowOf<typeof dnsColumns>;
export type KernelEvent = { class: "kernel" } & RowOf<typeof kernelColumns>;
export type ApiEvent = { class: "api" } & RowOf<typeof apiColumns>;
/** `node`: which node the hub's news is of. It is in no frame: there the header names the node. */
export type SensorEvent = { class: "sensor"; node?: string } & RowOf<typeof sensorColumns>;

/** State of an object, not something that happened: no rule sees it, so it is no AtalayaEvent. */
export type InventoryEvent = { class: "inventory" } & RowOf<typeof inventoryColumns>;

/** Events that a process caused: they carry the actor's columns. */
export type SyscallEvent = ProcessEvent | FileEvent | NetworkEvent | DnsEvent | KernelEvent;
export type AtalayaEvent = SyscallEvent | ApiEvent | SensorEvent;
export type Actor = RowOf<typeof actor>;
export const actorColumnNames = Object.keys(actor) as readonly (keyof Actor)[];
