import type { Result } from "@atalaya/wire";
import * as z from "zod";
import { cutClientFields } from "./cut-client-fields.ts";

// The edge: audit.k8s.io/v1 Event as an API server 1.34 writes it. What a client can fill (objects, annotations, extra)
// stays unknown here and is walked by redact.ts; keys that the type does not have are left out.

const text = z.string();
const words = z.array(text);

const userSchema = z.object({
  username: text.default(""),
  uid: text.optional(),
  groups: words.nullish(),
  extra: z.unknown().optional(),
});

const objectReferenceSchema = z.object({
  resource: text.optional(),
  namespace: text.optional(),
  name: text.optional(),
  uid: text.optional(),
  apiGroup: text.optional(),
  apiVersion: text.optional(),
  resourceVersion: text.optional(),
  subresource: text.optional(),
});

const responseStatusSchema = z.object({
  metadata: z.unknown().optional(),
  status: text.optional(),
  message: text.optional(),
  reason: text.optional(),
  details: z.unknown().optional(),
  code: z.number().int().min(0).max(65_535).optional(),
});

export const auditStages = ["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"] as const;
export type AuditStage = (typeof auditStages)[number];

/** Items of an EventList carry neither kind nor apiVersion. */
const auditRecordSchema = z.object({
  kind: z.literal("Event").optional(),
  apiVersion: z.literal("audit.k8s.io/v1").optional(),
  level: z.enum(["None", "Metadata", "Request", "RequestResponse"]),
  auditID: text.min(1),
  stage: z.enum(auditStages),
  requestURI: text.default(""),
  // Empty where the method is none that the API server knows.
  verb: text,
  user: userSchema,
  impersonatedUser: userSchema.nullish(),
  authenticationMetadata: z.unknown().optional(),
  sourceIPs: words.nullish(),
  userAgent: text.optional(),
  objectRef: objectReferenceSchema.nullish(),
  responseStatus: responseStatusSchema.nullish(),
  requestObject: z.unknown().optional(),
  responseObject: z.unknown().optional(),
  requestReceivedTimestamp: text.optional(),
  stageTimestamp: text.optional(),
  annotations: z.unknown().optional(),
});
export type AuditRecord = z.infer<typeof auditRecordSchema>;

/**
 * A record within the limits of all that a client fills beside the bodies. Refused is only what no API server writes: the
 * reason says which field is wrong, never what stood in it (the names come from the schema).
 */
export function readAuditRecord(value: unknown): Result<AuditRecord> {
  const read = auditRecordSchema.safeParse(value);
  if (read.success) return { ok: true, value: cutClientFields(read.data) };
  const path = read.error.issues[0]?.path ?? [];
  const field = path.filter((part) => typeof part === "string").join(".");
  const reason = field === "" ? "not an audit event" : `\`${field}\` is missing or not what audit.k8s.io/v1 says`;
  return { ok: false, code: "BODY_MALFORMED", reason };
}
