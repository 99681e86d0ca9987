import * as z from "zod";
import {
  alertSchema,
  alertStatusSchema,
  alertSummarySchema,
  prioritySchema,
  severitySchema,
  textSchema,
} from "./alert.ts";
import { signedStateSchema } from "./desired-state.ts";
import { roleSchema, workspaceNameSchema } from "./people.ts";
import { sensorReportSchema } from "./sensor-report.ts";
import { publisherReportSchema } from "./sync.ts";

// The hub's REST API: the schemas that server, page and command line share. All bodies are JSON.
//
//   POST   /api/v1/login                 LoginRequest -> Session      sets the HttpOnly cookie atalaya_session
//   POST   /api/v1/logout
//   GET    /api/v1/session               -> Session
//   POST   /api/v1/tokens                TokenRequest -> Token         a bearer token for the command line (GET lists, DELETE /:id revokes)
//   GET    /api/v1/accounts              -> { accounts: Account[] }    (POST makes one, DELETE /:user removes one)
//   GET    /api/v1/workspaces            -> { workspaces: WorkspaceEntry[] }    (POST makes one); for admins of `default`
//   GET    /api/v1/alerts                AlertQuery -> AlertPage       newest first, keyset paging by `cursor`
//   GET    /api/v1/alerts/:alert_id      -> Alert                      with who did it, in whole, by evidence and in the tree (DoneBy)
//   POST   /api/v1/alerts/:alert_id/actions   AlertAction -> Alert
//   GET    /api/v1/stream?topics=alerts,sensors,events   Server-Sent Events; resumes by Last-Event-ID (alerts)
//          event: alert    data: AlertSummary        id: commit number; again when it becomes known who did it
//          event: sensor   data: Sensor
//          event: event    data: LiveEvent            (topic events; also &container= &name= &class=)
//   GET    /api/v1/rules                 -> { rules: Rule[] }
//   GET    /api/v1/rules/:rule           -> Rule
//   PUT    /api/v1/rules/:rule/enabled   { enabled } -> Rule
//   GET    /api/v1/sensors               -> { sensors: Sensor[] }
//   GET    /api/v1/processes             ProcessQuery -> ProcessPage   newest first, keyset paging by `cursor`
//   GET    /api/v1/status                -> Status
//   GET    /api/v1/ledger                -> LedgerPage                 &cluster= &node= &after= &limit=
//   GET    /api/v1/inventory/clusters    -> { clusters: InventoryCluster[] }
//   GET    /api/v1/inventory/namespaces  InventoryQuery -> InventoryNamespacePage     keyset paging by `cursor`
//   GET    /api/v1/inventory/workloads   InventoryQuery -> InventoryWorkloadPage
//   GET    /api/v1/inventory/pods        InventoryQuery -> InventoryPodPage
//   GET    /api/v1/inventory/objects     InventoryQuery -> InventoryObjectPage
//   GET    /api/v1/inventory/objects/:cluster/:uid   -> InventoryObject
//   POST   /api/v1/test-alert            -> Alert
//   POST   /api/v1/backups               -> application/zstd: a tar of the whole hub
//   GET    /api/v1/notification          -> Notification               with its ETag
//   PUT    /api/v1/notification          Notification -> Notification  with If-Match only in place of that one, else 412
//   POST   /api/v1/notification/test     -> { ok, detail }
//   GET    /api/v1/drift-policy          -> DriftPolicy                with its ETag
//   PUT    /api/v1/drift-policy          DriftPolicy -> DriftPolicy    with If-Match only in place of that one, else 412
//   GET    /api/v1/recorder-policy       -> RecorderPolicy             with its ETag
//   PUT    /api/v1/recorder-policy       RecorderPolicy -> RecorderPolicy    with If-Match only in place of that one, else 412
//   GET    /api/v1/alerts/:alert_id/recording   -> RecordingPage      what the flight recorder had of the alert's container
//   POST   /api/v1/audit-credentials     { cluster } -> AuditCredential      (GET lists, DELETE /:id revokes)
//   GET    /api/v1/nodes                 -> { nodes: EnrolledNode[] }
//   POST   /api/v1/nodes/:id/revoke
//   GET    /api/v1/enrolment-tokens      -> { tokens: ListedEnrolmentToken[] }
//   POST   /api/v1/enrolment-tokens      { cluster, node?, valid_s } -> ListedEnrolmentToken with its token
//   DELETE /api/v1/enrolment-tokens/:id
//   GET    /api/v1/changes               -> ApiChangePage              &after= &limit=
//   GET    /v1/ca                        the hub's CA, PEM
//   POST   /v1/enroll                    EnrolRequest -> EnrolReply
//   POST   /v1/enroll/renew              RenewRequest, client certificate -> EnrolReply
//   POST   /v1/ingest                    zstd frames, client certificate -> IngestReply
//   POST   /v1/sync                      SyncRequest -> SyncReply, as ingest
//   POST   /v1/recorded/:alert_id        zstd frames, as ingest: a pull's answer
//   POST   /v1/audit/:cluster            audit.k8s.io/v1 EventList, bearer audit credential
//   GET    /openapi.json /metrics /healthz

export const faultReplySchema = z.object({
  code: z.string(),
  message: z.string(),
  facts: z.record(z.string(), z.unknown()).optional(),
});
export type FaultReply = z.infer<typeof faultReplySchema>;

export const loginRequestSchema = z.object({
  user: z.string().min(1).max(128),
  password: z.string().min(1).max(1024),
  /** `default` where it is not said. */
  workspace: workspaceNameSchema.optional(),
});
export const sessionSchema = z.object({
  user: z.string(),
  role: roleSchema,
  workspace: z.string(),
  version: z.string(),
});
export type Session = z.infer<typeof sessionSchema>;
export const tokenRequestSchema = loginRequestSchema.extend({
  name: z.string().min(1).max(128),
  /** The most that the token may do; the account's role where it is not said, and never more than that. */
  scope: roleSchema.optional(),
  /** How long it is good for; at most, and by default, 90 days. */
  valid_s: z
    .number()
    .int()
    .min(60)
    .max(90 * 86_400)
    .optional(),
});
export const tokenSchema = z.object({ token: z.string(), expires_us: z.number(), role: roleSchema.optional() });

/** Filters as they stand in the address bar; repeated values separated by commas. */
export const alertQuerySchema = z.object({
  status: z.string().max(64).optional(),
  severity: z.string().max(128).optional(),
  rule: z.string().max(256).optional(),
  source: z.enum(["syscall", "k8s_audit", "sensor"]).optional(),
  namespace: z.string().max(256).optional(),
  container: z.string().max(256).optional(),
  node: z.string().max(256).optional(),
  cluster: z.string().max(256).optional(),
  /** A pod's uid. */
  pod_uid: z.string().max(128).optional(),
  /** `Deployment/shop` */
  workload: z.string().max(512).optional(),
  assignee: z.string().max(128).optional(),
  technique: z.string().max(32).optional(),
  muted: z.enum(["true", "false"]).optional(),
  /** What became of a brought program, as a piece of the alert's evidence says. */
  verdict: z.enum(["blocked", "would_block"]).optional(),
  /** Words looked for in title (both languages), summary, rule and output. */
  q: z.string().max(256).optional(),
  since_us: z.coerce.number().optional(),
  until_us: z.coerce.number().optional(),
  cursor: z.string().max(256).optional(),
  limit: z.coerce.number().int().min(1).max(200).optional(),
});
export type AlertQuery = z.infer<typeof alertQuerySchema>;

export const alertPageSchema = z.object({
  alerts: z.array(alertSummarySchema),
  /** Absent on the last page. */
  next_cursor: z.string().optional(),
  /** Open alerts by status and severity in the whole workspace, for the chips. */
  counts: z.object({ status: z.record(z.string(), z.number()), severity: z.record(z.string(), z.number()) }),
  /** Alerts a minute over the last hour, oldest first, by severity, for the histogram. */
  histogram: z.array(z.object({ time_us: z.number(), severity: z.record(z.string(), z.number()) })),
});
export type AlertPage = z.infer<typeof alertPageSchema>;

export const alertActionSchema = z.object({
  action: z.enum(["comment", "acknowledge", "resolve", "reopen", "assign", "mute", "unmute"]),
  text: z.string().max(4096).default(""),
  assignee: z.string().max(128).nullable().optional(),
});
export type AlertAction = z.infer<typeof alertActionSchema>;

export const ruleSchema = z.object({
  rule: z.string(),
  source: z.enum(["syscall", "k8s_audit", "sensor"]),
  pack: z.string(),
  file: z.string(),
  line: z.number().int(),
  enabled: z.boolean(),
  title: textSchema,
  description: textSchema,
  severity: severitySchema,
  priority: prioritySchema,
  condition: z.string(),
  output: z.string(),
  tags: z.array(z.string()),
  attack: z.array(z.object({ id: z.string(), name: z.string(), tactic: z.string() })),
  triage: z.array(textSchema),
  blind_spots: z.array(textSchema),
  /** Alerts of the last 24 hours and the time of the last one. */
  alerts_24h: z.number().int(),
  last_alert_us: z.number().nullable(),
});
export type Rule = z.infer<typeof ruleSchema>;

export const sensorSchema = z.object({
  sensor_id: z.string(),
  cluster: z.string(),
  node: z.string(),
  state: z.enum(["live", "silent", "degraded"]),
  last_seen_us: z.number(),
  events_per_second: z.number(),
  lag_us: z.number(),
  lost: z.array(z.object({ class: z.string(), reason: z.string(), value: z.number() })),
  report: sensorReportSchema.nullable(),
  /** What the node's publisher said last; null before it did. */
  publisher: publisherReportSchema.nullable().optional(),
  /** The node's clock minus the hub's; absent where it is not known. */
  clock_us: z.number().optional(),
  /** The certificate was revoked. */
  revoked: z.boolean().optional(),
});
export type Sensor = z.infer<typeof sensorSchema>;

export const statusSchema = z.object({
  version: z.string(),
  started_us: z.number(),
  /** Age of the newest event when it was committed, p99 over the last minute. */
  behind_us: z.number(),
  sensors_live: z.number().int(),
  sensors_total: z.number().int(),
  events_per_second: z.number(),
  events_total: z.number(),
  lost_total: z.number(),
  alerts_open: z.number().int(),
  rules_enabled: z.number().int(),
  rules_total: z.number().int(),
  rule_problems: z.array(z.object({ file: z.string(), line: z.number(), column: z.number(), reason: z.string() })),
  sensor_missing: z.string().nullable(),
  /** False while the hub's disk is full: reads go on, nothing new is taken. */
  writable: z.boolean().optional(),
  store_bytes: z.number().optional(),
  /** How long and how much is kept; what was removed since the hub started, by kind. */
  retention: z
    .object({ keep_days: z.number(), keep_bytes: z.number(), removed: z.record(z.string(), z.number()) })
    .optional(),
});
export type Status = z.infer<typeof statusSchema>;

export const notificationSchema = z.object({
  enabled: z.boolean(),
  url: z.string().max(2048),
  shape: z.enum(["json", "slack", "falco"]),
  min_severity: severitySchema,
  /** Falco's JSON alert lines also go here, where set. */
  stdout: z.boolean(),
  file: z.string().max(1024).nullable(),
});
export type Notification = z.infer<typeof notificationSchema>;

export const auditCredentialSchema = z.object({
  credential_id: z.string(),
  cluster: z.string(),
  token: z.string().optional(),
  created_us: z.number(),
  revoked_us: z.number().nullable(),
  last_used_us: z.number().nullable(),
});
export type AuditCredential = z.infer<typeof auditCredentialSchema>;

/** What the stream's topic `events` shows of an event: its JSON form and where it came from. */
export const liveEventSchema = z.object({ node: z.string(), event: z.record(z.string(), z.unknown()) });
export type LiveEvent = z.infer<typeof liveEventSchema>;

export const ingestReplySchema = z.object({
  accepted: z.number().int(),
  duplicates: z.number().int(),
  /** The filter plan now in force, for a publisher that sends no x-atalaya-state. */
  filters: z.unknown().optional(),
  /** The desired state of the sending node, signed; absent when the request's header x-atalaya-state names its version. */
  state: signedStateSchema.optional(),
});
export { alertSchema, alertStatusSchema, alertSummarySchema };
