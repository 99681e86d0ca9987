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
export { cloneFlags, type FlagNames, namespaceFlags } from "./src/clone-flags.ts";
export type { ColumnTable, ColumnType, RowOf } from "./src/columns.ts";
export { classByNumber, decodeEvents, decodeInventory } from "./src/decode-event.ts";
export type * from "./src/desired-state.ts";
export {
  desiredStateSchema,
  podLabelsLimits,
  signedStateSchema,
  stateConfirmationSchema,
} from "./src/desired-state.ts";
export type * from "./src/done-by.ts";
export { doneBySchema, podSessionSchema } from "./src/done-by.ts";
export type * from "./src/drift-policy.ts";
export {
  blockIn,
  blocksSomewhere,
  decideDrift,
  driftPolicySchema,
} from "./src/drift-policy.ts";
export type * from "./src/drift-trial.ts";
export { blockedDrift, blockedVerdicts, driftTag, tryDrift } from "./src/drift-trial.ts";
export { EventEncoder } from "./src/encode-event.ts";
export type * from "./src/enrolment.ts";
export {
  apiChangePageSchema,
  apiChangeSchema,
  clusterRequestSchema,
  clusterSchema,
  enrolledNodeSchema,
  enrolmentTokenRequestSchema,
  enrolmentTokenSchema,
  enrolmentTokenText,
  enrolReplySchema,
  enrolRequestSchema,
  nodeUri,
  readEnrolmentToken,
  readNodeUri,
  renewRequestSchema,
} from "./src/enrolment.ts";
export type {
  Actor,
  ApiEvent,
  AtalayaEvent,
  DnsEvent,
  EventClass,
  FileEvent,
  InventoryEvent,
  KernelEvent,
  NetworkEvent,
  ProcessEvent,
  SensorEvent,
  SyscallEvent,
} from "./src/event-classes.ts";
export { actorColumnNames, classColumns, classNumbers, inventoryColumns } from "./src/event-classes.ts";
export type { FaultCode, Result } from "./src/faults.ts";
export { Fault, faultCodes } from "./src/faults.ts";
export {
  type AskingRule,
  addedWords,
  type ExplainedPlan,
  emptyFilterPlan,
  explainedPlanSchema,
  type FilterPlan,
  filterPlanSchema,
} from "./src/filter-plan.ts";
export {
  decodeFrame,
  decodeFrames,
  encodeFrame,
  type Frame,
  type FrameHeader,
  frameVersion,
  oldestFrameVersion,
  rings,
} from "./src/frame.ts";
export type * from "./src/inventory.ts";
export {
  inventoryClusterSchema,
  inventoryClustersSchema,
  inventoryContainerSchema,
  inventoryNamespacePageSchema,
  inventoryObjectPageSchema,
  inventoryObjectSchema,
  inventoryPodPageSchema,
  inventoryQuerySchema,
  inventoryStatusSchema,
  inventoryWorkloadPageSchema,
} from "./src/inventory.ts";
export { type InventoryKind, inventoryKinds, inventoryServiceAccount, workloadKinds } from "./src/inventory-kinds.ts";
export { blankEvent, eventFromJson, eventToJson } from "./src/json-event.ts";
export type * from "./src/ledger.ts";
export {
  type CollectorReason,
  classOfKind,
  classOfRecordKind,
  countersOfReport,
  isCounted,
  ledgerCounterSchema,
  ledgerHops,
  ledgerPageSchema,
  ledgerReasons,
  ledgerRowSchema,
  ledgerRows,
  lossesOfMany,
  nodeLedger,
  nodeLedgerSchema,
  sideOf,
} from "./src/ledger.ts";
export { limits } from "./src/limits.ts";
export type { PartMessage } from "./src/part-message.ts";
export type { Account, ListedToken, WorkspaceEntry } from "./src/people.ts";
export {
  accountRequestSchema,
  accountSchema,
  listedTokenSchema,
  madeAccountSchema,
  madeWorkspaceSchema,
  roleSchema,
  workspaceNameSchema,
  workspaceRequestSchema,
  workspaceSchema,
} from "./src/people.ts";
export type * from "./src/process-search.ts";
export { foundProcessSchema, processPageSchema, processQuerySchema } from "./src/process-search.ts";
export type * from "./src/recorder.ts";
export {
  alertRecordingSchema,
  isFirstRecording,
  isRecorded,
  noRecording,
  recordedAnswerSchema,
  recorderLimits,
  recorderPolicyOf,
  recorderPolicySchema,
  recorderState,
  recordingName,
  recordingPageSchema,
} from "./src/recorder.ts";
export { type Resume, resumeSchema } from "./src/resume.ts";
export {
  askedLabels,
  isWithin,
  type LabelsOfPods,
  labelsOf,
  type PodLabels,
  type ScopeFacts,
  scopeShape,
} from "./src/scope.ts";
export {
  type AuditLogState,
  type BlockingState,
  type ProgramState,
  type SensorReport,
  sensorReportSchema,
  type TamperedWith,
  type ThrottledWhere,
} from "./src/sensor-report.ts";
export {
  decodeAck,
  encodeAck,
  encodeMessage,
  MessageReader,
  messageKinds,
  type SocketMessage,
} from "./src/socket-message.ts";
export { openState, type StateHolder, signState } from "./src/state-signature.ts";
export type * from "./src/sync.ts";
export {
  claimReplySchema,
  claimSchema,
  publisherReportSchema,
  syncReplySchema,
  syncRequestSchema,
} from "./src/sync.ts";
