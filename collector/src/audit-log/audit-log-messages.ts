import type { AuditLogState } from "@atalaya/wire";
import type { Counter } from "../kernel-record.ts";
import type { AuditLogOptions } from "./audit-log-reader.ts";

/** What the audit log's thread is started with. */
export type AuditThreadOptions = AuditLogOptions & { socket: string };

/** What it tells the main thread. */
export type FromAuditThread =
  | { type: "counters"; counters: Counter[]; state: AuditLogState }
  | { type: "log"; line: string }
  /** All that was read is settled, or waits no longer. */
  | { type: "stopped" };

/** What it is told: to read no more, to wait a moment for what is on its way, and to end. */
export type ToAuditThread = { type: "stop" };
