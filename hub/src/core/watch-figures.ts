import type { InFlight } from "../pipeline/in-flight.ts";
import type { HubParts } from "./hub-parts.ts";

/** Figures of the hub's parts that are looked up when somebody asks for the metrics. */
export function watchFigures(parts: HubParts, inFlight: InFlight): void {
  parts.metrics.watch("atalaya_hub_in_flight_bytes", "Bytes between arrival and commit.", () => inFlight.bytes);
  parts.metrics.watch("atalaya_hub_in_flight_requests", "Requests between arrival and commit.", () => inFlight.size);
  parts.metrics.watch(
    "atalaya_hub_in_flight_refused",
    "Requests refused because of the bytes in flight.",
    () => inFlight.refused,
  );
  parts.metrics.watch("atalaya_hub_store_bytes", "What the hub's folder takes.", () => parts.room.storeBytes);
  parts.metrics.watch("atalaya_hub_disk_free_bytes", "What is free on its disk.", () => parts.room.freeBytes);
  parts.metrics.watch(
    "atalaya_hub_requests_refused_full",
    "Requests that a full disk refused.",
    () => parts.room.refused,
  );
  parts.metrics.watch("atalaya_hub_listeners", "Listeners of the live streams.", () => parts.live.size);
  parts.metrics.watch(
    "atalaya_hub_readers_replaced",
    "Reader threads ended past a query's deadline.",
    () => parts.readers.replaced,
  );
  parts.metrics.watch(
    "atalaya_hub_queries_failed",
    "Queries that failed by a fault of the hub's own, or ended their thread.",
    () => parts.readers.failed,
  );
  parts.metrics.watch("atalaya_hub_rule_loads", "Times that the rules were loaded.", () => parts.rules.reloads);
  parts.metrics.watch(
    "atalaya_hub_rule_problems",
    "Problems of the rule files in force.",
    () => parts.rules.problems.length,
  );
  parts.metrics.watch(
    "atalaya_hub_pod_labels_left_out",
    "Pods whose labels are not known, of too many or with one that Kubernetes would not take: no scope that asks for labels holds there.",
    () => parts.podLabels.leftOut,
  );
  parts.metrics.watch(
    "atalaya_hub_sensors_not_kept",
    "Reports of sensors beyond the limit.",
    () => parts.sensors.notKept,
  );
}
