export { type AuditContext, apiEventFromAudit } from "./src/event-from-audit.ts";
export { type AuditEvents, auditEventsFromBody, auditEventsFromList } from "./src/events-from-list.ts";
export { auditLimits } from "./src/limits.ts";
export { recommendedAuditPolicy } from "./src/recommended-policy.ts";
export { auditWebhookKubeconfig, type WebhookKubeconfig } from "./src/webhook-kubeconfig.ts";
