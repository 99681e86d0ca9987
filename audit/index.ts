export { type AuditContext, apiEventFromAudit } from "./src/event-from-audit.ts";
export {
  type AuditEvents,
  auditEventsFromBody,
  auditEventsFromList,
  type LostRecords,
  type RecordCounts,
} from "./src/events-from-list.ts";
export type { LogPlace } from "./src/file/log-place.ts";
export { LogTail, type TailLine, type TailRead } from "./src/file/log-tail.ts";
export { type LineOutcome, readAuditLine } from "./src/file/read-line.ts";
export { auditLimits } from "./src/limits.ts";
export { recommendedAuditPolicy } from "./src/recommended-policy.ts";
export { auditWebhookFlags, auditWebhookKubeconfig, type WebhookKubeconfig } from "./src/webhook-kubeconfig.ts";
