import type { AuditLogState, CollectorReason, FilterPlan, Resume } from "@atalaya/wire";
import type { Counter } from "./kernel-record.ts";
import type { LineFilter } from "./outlets.ts";
import type { StateInForce } from "./state-in-force.ts";

/** What the sensor's thread tells the main thread. */
export type FromWorker =
  /** `continues`: earlier rings are read on, so that the publisher may have some of what comes. */
  | { type: "ready"; detail: string; continues: boolean; epoch: string }
  | { type: "failed"; code: string; message: string }
  | { type: "frames"; frames: Uint8Array[] }
  /** For the flight recorder: nobody acknowledges them. */
  | { type: "recorded"; frames: Uint8Array[] }
  | { type: "lines"; text: string }
  /** A state is in force; or it could not be put in force, and why. */
  | { type: "applied"; version: number; problem?: string }
  /** For the log. */
  | { type: "said"; line: string }
  /** The last event, or the last report, has been handed on. */
  | { type: "stopped" };

/** What the main thread tells the sensor's. `parcels` counts from the start. */
export type ToWorker =
  | { type: "acknowledged"; parcels: number }
  | { type: "filters"; plan: FilterPlan }
  | { type: "state"; state: StateInForce }
  | { type: "resume"; resume: Resume }
  /** Who listens at the socket. */
  | { type: "publisher"; pid: number }
  /** Something was counted beside the account of records: a `note` of ledger.ts. */
  | { type: "note"; reason: CollectorReason }
  /** The account of what another thread reads, as a whole, under the sensor's epoch. */
  | { type: "counters"; counters: Counter[] }
  /** How the reading of the audit log is. */
  | { type: "audit_log"; state: AuditLogState }
  /** drain: hand on what is left. report: all of it is acknowledged, say so for the last time. close: give the rings back; `unpin` ends the watch, else what is pinned goes on. */
  | { type: "drain" }
  /** `final`: the watch ends with it, nothing more is counted under its epoch. */
  | { type: "report"; final: boolean }
  | { type: "close"; unpin: boolean };

export type WorkerOptions = {
  node: string;
  cluster: string;
  objectFolder: string;
  ignorePids: number[];
  /** Printed as lines instead of handed on as frames. */
  lines: LineFilter | null;
  /** The plan until the hub sends one. */
  plan: FilterPlan;
  /** Where programs and rings are pinned; null for nowhere. */
  pinFolder: string | null;
  /** Whether programs may hang at the functions of system calls. */
  hooksFunctions: boolean;
  /** Goes before the paths of what runtimes leave on the host; "" for this process' own root. */
  hostRoot: string;
  /** Folders of containerd's tasks beside the usual ones. */
  containerdTasks: string[];
  /** Where to say how the sensor is; undefined for nowhere. */
  healthFile: string | undefined;
  /** The node's own file about blocking; undefined for none. */
  permitFile: string | undefined;
  /** The desired state that was kept, verified. */
  state: StateInForce | null;
  /** Where the account of the audit log is kept, where it is read. */
  auditStateFolder: string | null;
  /** What was counted before this thread ran. */
  notes: CollectorReason[];
};
