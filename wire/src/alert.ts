import * as z from "zod";
import { doneBySchema, doneByShortSchema } from "./done-by.ts";
import { alertRecordingSchema, recordedEventSchema } from "./recorder.ts";

/** A sentence in every language that we ship. */
export const textSchema = z.object({ en: z.string(), es: z.string() });
export type Text = z.infer<typeof textSchema>;

export const severities = ["critical", "high", "medium", "low", "informational"] as const;
export const severitySchema = z.enum(severities);
export type Severity = z.infer<typeof severitySchema>;

/** Falco's priorities, most urgent first. */
export const priorities = [
  "Emergency",
  "Alert",
  "Critical",
  "Error",
  "Warning",
  "Notice",
  "Informational",
  "Debug",
] as const;
export const prioritySchema = z.enum(priorities);
export type Priority = z.infer<typeof prioritySchema>;

export const alertStatuses = ["new", "acknowledged", "resolved"] as const;
export const alertStatusSchema = z.enum(alertStatuses);
export type AlertStatus = z.infer<typeof alertStatusSchema>;

export const attackTechniqueSchema = z.object({ id: z.string(), name: z.string(), tactic: z.string() });
export type AttackTechnique = z.infer<typeof attackTechniqueSchema>;

/**
 * Why a rule fired, as the condition's tree. A leaf carries the field's value as it was seen; a branch its children.
 * `value` is the rendered value (redacted, at most 512 characters), absent when the field was missing.
 */
export type WhyNode = {
  kind: "and" | "or" | "not" | "macro" | "leaf" | "count";
  /** The condition's text, e.g. `proc.name in (shells)`, or the macro's name. */
  text: string;
  result: boolean;
  value?: string | undefined;
  children?: WhyNode[] | undefined;
};
export const whyNodeSchema: z.ZodType<WhyNode> = z.lazy(() =>
  z.object({
    kind: z.enum(["and", "or", "not", "macro", "leaf", "count"]),
    text: z.string(),
    result: z.boolean(),
    value: z.string().optional(),
    children: z.array(whyNodeSchema).optional(),
  }),
);

/** Where it happened; what is not known is absent, with the reason. */
export const alertWhereSchema = z.object({
  cluster: z.string().optional(),
  node: z.string().optional(),
  namespace: z.string().optional(),
  pod: z.string().optional(),
  pod_uid: z.string().optional(),
  container_id: z.string().optional(),
  container_name: z.string().optional(),
  container_runtime: z.string().optional(),
  container_bundle: z.string().optional(),
  image: z.string().optional(),
  /** From the inventory: what the image's name was resolved to, what made the pod in the end, and the pod's labels. */
  image_digest: z.string().optional(),
  workload: z.object({ kind: z.string(), name: z.string() }).optional(),
  pod_labels: z.record(z.string(), z.string()).optional(),
  /** Why pod, container name or image are unknown. */
  reason: z.string().optional(),
  /** Control plane: the object acted upon. */
  resource: z.string().optional(),
  object_name: z.string().optional(),
});
export type AlertWhere = z.infer<typeof alertWhereSchema>;

export const alertWhoSchema = z.object({
  uid: z.number().optional(),
  user: z.string().optional(),
  login_uid: z.number().optional(),
  groups: z.array(z.string()).optional(),
  source_ips: z.array(z.string()).optional(),
  user_agent: z.string().optional(),
});
export type AlertWho = z.infer<typeof alertWhoSchema>;

/** One row of the process tree, in the order to draw. */
export const treeRowSchema = z.object({
  pid: z.number(),
  start_us: z.number(),
  depth: z.number(),
  name: z.string(),
  exe_path: z.string().optional(),
  cmdline: z.string(),
  uid: z.number().optional(),
  time_us: z.number().optional(),
  ended_us: z.number().optional(),
  /** "image" as shipped, "added" written after the container started, "memory" memfd or deleted. */
  origin: z.enum(["image", "added", "memory"]).optional(),
  /** The process that the alert is about. */
  subject: z.boolean(),
  /** Titles of other alerts about this process. */
  alerts: z.array(z.object({ alert_id: z.string(), title: textSchema })).optional(),
  /** Whose session started the process, or what it comes from. */
  done_by: doneBySchema.optional(),
  /** Of the process, from the flight recorder, oldest first: the newest that there is room for. */
  recorded: z.array(recordedEventSchema).optional(),
});
export type TreeRow = z.infer<typeof treeRowSchema>;

export const alertEvidenceSchema = z.object({
  time_us: z.number(),
  output: z.string(),
  output_fields: z.record(z.string(), z.unknown()),
  pid: z.number().optional(),
  /** The process by which this one's line came into its container. */
  entry_pid: z.number().optional(),
  entry_start_us: z.number().optional(),
  done_by: z.array(doneBySchema).optional(),
});
export type AlertEvidence = z.infer<typeof alertEvidenceSchema>;

export const alertCommentSchema = z.object({
  time_us: z.number(),
  user: z.string(),
  action: z.enum(["comment", "acknowledge", "resolve", "reopen", "assign", "mute", "unmute"]),
  text: z.string(),
});
export type AlertComment = z.infer<typeof alertCommentSchema>;

/** What a list shows. */
export const alertSummarySchema = z.object({
  alert_id: z.string(),
  rule: z.string(),
  source: z.enum(["syscall", "k8s_audit", "sensor"]),
  title: textSchema,
  /** One sentence with the decisive values, rendered from the rule's `alert.summary`. */
  summary: textSchema,
  severity: severitySchema,
  priority: prioritySchema,
  status: alertStatusSchema,
  assignee: z.string().nullable(),
  muted: z.boolean(),
  count: z.number().int(),
  first_seen_us: z.number(),
  last_seen_us: z.number(),
  /** When the hub committed it; minus first_seen_us it is the system-call-to-alert time. */
  committed_us: z.number(),
  where: alertWhereSchema,
  attack: z.array(attackTechniqueSchema),
  tags: z.array(z.string()),
  /** Who did it, as far as an audit log says; amended when its record arrives later. */
  by: doneByShortSchema.optional(),
});
export type AlertSummary = z.infer<typeof alertSummarySchema>;

/** All of one alert. */
export const alertSchema = alertSummarySchema.extend({
  /** Of all its evidence; each piece says its own. */
  done_by: z.array(doneBySchema).optional(),
  description: textSchema,
  triage: z.array(textSchema),
  blind_spots: z.array(textSchema),
  who: alertWhoSchema,
  why: whyNodeSchema,
  rule_file: z.string(),
  rule_line: z.number().int(),
  condition: z.string(),
  output: z.string(),
  output_fields: z.record(z.string(), z.unknown()),
  process_tree: z.array(treeRowSchema),
  /** The process history of the alert's day is not kept any more: the tree holds what the alert itself remembers. */
  process_history_gone: z.boolean().optional(),
  /** Where the alert's container is recorded: what became of the pull. */
  recording: alertRecordingSchema.optional(),
  evidence: z.array(alertEvidenceSchema),
  comments: z.array(alertCommentSchema),
  /** The first event, in its JSON form. */
  raw: z.record(z.string(), z.unknown()),
});
export type Alert = z.infer<typeof alertSchema>;
