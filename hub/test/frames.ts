import { hostname } from "node:os";
import { zstdCompressSync } from "node:zlib";
import {
  blankEvent,
  EventEncoder,
  encodeFrame,
  type InventoryEvent,
  inventoryColumns,
  type ProcessEvent,
  rings,
} from "@atalaya/wire";

export function execEvent(change: Partial<ProcessEvent> = {}): ProcessEvent {
  return { ...blankEvent("process"), activity: "exec", time_us: 1_000, position: 64, pid: 42, name: "sh", ...change };
}

type Names = { node?: string; cluster?: string; workspace?: string };

/** One frame of process events, as the collector of this machine writes it. */
export function processFrame(events: readonly ProcessEvent[], names: Names = {}): Buffer {
  const encoder = new EventEncoder();
  const positions = events.length === 0 ? [64, 128] : events.map((event) => event.position ?? 64);
  for (const event of events) encoder.add(event);
  return encodeFrame(
    {
      class: "process",
      ring: 0,
      eventCount: events.length,
      firstPosition: Math.min(...positions),
      lastPosition: Math.max(...positions),
      firstTimeUs: 1_000,
      lastTimeUs: 2_000,
      bootId: "00112233445566778899aabbccddeeff",
      layoutHash: "0011223344556677",
      node: names.node ?? hostname(),
      cluster: names.cluster ?? "local",
      containerId: "",
      workspace: names.workspace ?? "",
    },
    encoder.bytes(),
  );
}

/** One record of an API server's audit log, as the collector of a control-plane node sends it. */
export function auditFrame(names: Names): Buffer {
  const encoder = new EventEncoder();
  encoder.add({ ...blankEvent("api"), activity: "request", time_us: 1_000, verb: "get", record: "{}", position: 90 });
  const span = { eventCount: 1, firstPosition: 90, lastPosition: 90, firstTimeUs: 1_000, lastTimeUs: 1_000 };
  const { node = hostname(), cluster = "local", workspace = "" } = names;
  const of = { bootId: "00".repeat(16), layoutHash: "a0d17f11e0000000", node, cluster, workspace, containerId: "" };
  return encodeFrame({ class: "api", ring: rings.audit, ...span, ...of }, encoder.bytes());
}

/** A pod as an inventory tells it. */
export function podRow(change: Partial<InventoryEvent> = {}): InventoryEvent {
  return {
    ...inventoryRow("put"),
    ...{ kind: "Pod", uid: "pod-1", resource_version: "1", k8s_namespace: "shop", object_name: "web-1" },
    ...{ created_us: 1_000, node_name: "node-1", service_account: "default", facts: "{}", ...change },
  };
}

let objects = 0;
/** A row of an inventory; every one has the next position. */
export function inventoryRow(
  activity: "put" | "gone" | "complete" | "status",
  change: Partial<InventoryEvent> = {},
): InventoryEvent {
  const nulls = Object.fromEntries(Object.keys(inventoryColumns).map((name) => [name, null])) as unknown;
  const row = { ...(nulls as InventoryEvent), class: "inventory", activity } as const;
  return { ...row, time_us: 1_000, position: ++objects, epoch_us: 1_000_000, generation: 1, ...change };
}

export function inventoryFrame(rows: readonly InventoryEvent[], names: Names = {}): Buffer {
  const encoder = new EventEncoder();
  for (const row of rows) encoder.add(row);
  const positions = rows.map((row) => row.position ?? 0);
  const { node = hostname(), cluster = "local", workspace = "" } = names;
  const of = { bootId: "00".repeat(16), layoutHash: "1000000000000001", node, cluster, workspace, containerId: "" };
  const span = { firstPosition: Math.min(...positions), lastPosition: Math.max(...positions) };
  const times = { firstTimeUs: 1_000, lastTimeUs: 1_000 };
  return encodeFrame(
    { class: "inventory", ring: rings.inventory, eventCount: rows.length, ...span, ...times, ...of },
    encoder.bytes(),
  );
}

export const packed = (bytes: Uint8Array) => zstdCompressSync(bytes);
