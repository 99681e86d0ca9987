import type { FilterPlan } from "@atalaya/wire";
import type { LineFilter } from "./outlets.ts";

/** What the sensor's thread tells the main thread. */
export type FromWorker =
  | { type: "ready"; detail: string }
  | { type: "failed"; code: string; message: string }
  | { type: "frames"; frames: Uint8Array[] }
  | { type: "lines"; text: string }
  /** The last event has been handed on; the rings are closed. */
  | { type: "stopped" };

/** What the main thread tells the sensor's. `parcels` counts from the start. */
export type ToWorker =
  | { type: "acknowledged"; parcels: number }
  | { type: "filters"; plan: FilterPlan }
  /** drain: hand on what is left. close: give the rings back. */
  | { type: "drain" }
  | { type: "close" };

export type WorkerOptions = {
  node: string;
  cluster: string;
  objectFolder: string;
  ignorePids: number[];
  /** Printed as lines instead of handed on as frames. */
  lines: LineFilter | null;
  /** The plan until the hub sends one. */
  plan: FilterPlan;
};
