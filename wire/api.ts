// The part of the contract that a browser can load too: schemas and types of the hub's API, nothing of Node.
export type * from "./src/alert.ts";
export {
  alertEvidenceSchema,
  alertSchema,
  alertStatuses,
  alertSummarySchema,
  priorities,
  severities,
} from "./src/alert.ts";
export type * from "./src/api.ts";
export {
  alertActionSchema,
  alertPageSchema,
  alertQuerySchema,
  auditCredentialSchema,
  faultReplySchema,
  ingestReplySchema,
  liveEventSchema,
  loginRequestSchema,
  notificationSchema,
  ruleSchema,
  sensorSchema,
  sessionSchema,
  statusSchema,
  tokenRequestSchema,
  tokenSchema,
} from "./src/api.ts";
export type * from "./src/done-by.ts";
export { doneBySchema, podSessionSchema } from "./src/done-by.ts";
export type * from "./src/drift-policy.ts";
export { decideDrift, driftPolicySchema } from "./src/drift-policy.ts";
export type * from "./src/drift-trial.ts";
export { blockedDrift, blockedVerdicts, tryDrift } from "./src/drift-trial.ts";
export type * from "./src/enrolment.ts";
export {
  apiChangePageSchema,
  apiChangeSchema,
  enrolledNodeSchema,
  enrolmentTokenRequestSchema,
  enrolmentTokenSchema,
} from "./src/enrolment.ts";
export type * from "./src/inventory.ts";
export {
  inventoryClustersSchema,
  inventoryNamespacePageSchema,
  inventoryObjectPageSchema,
  inventoryObjectSchema,
  inventoryPodPageSchema,
  inventoryWorkloadPageSchema,
} from "./src/inventory.ts";
export { inventoryKinds, workloadKinds } from "./src/inventory-kinds.ts";
export type * from "./src/ledger.ts";
export { ledgerPageSchema, ledgerReasons, ledgerRowSchema, nodeLedger, nodeLedgerSchema } from "./src/ledger.ts";
export type { PolicyIssueCode } from "./src/policy-issues.ts";
export { policyIssueCodes } from "./src/policy-issues.ts";
export type * from "./src/process-search.ts";
export { foundProcessSchema, processPageSchema, processQuerySchema } from "./src/process-search.ts";
export type * from "./src/recorder.ts";
export { recorderLimits, recorderPolicySchema } from "./src/recorder.ts";
export type { Scope } from "./src/scope.ts";
export { type SensorReport, sensorReportSchema } from "./src/sensor-report.ts";
export type { PublisherReport } from "./src/sync.ts";
