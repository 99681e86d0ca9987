import type { ApiEvent, Result } from "@atalaya/wire";
import { type AuditRecord, readAuditRecord } from "./audit-record.ts";
import { cutAnnotation } from "./cut-client-fields.ts";
import { cutText } from "./cut-text.ts";
import { auditLimits } from "./limits.ts";
import { redactSecret, redactValue, type Walk, WalkLimit } from "./redact.ts";
import { redacted } from "./secret-names.ts";
import { redactText, redactUri } from "./secret-text.ts";

/** What the receiver knows and the record may not say. */
export type AuditContext = {
  /** Time of arrival, for a record that carries no time of its own. */
  receivedUs?: number;
  /** Bodies that the receiver took out before. */
  leftOut?: readonly string[];
};

/**
 * One audit.k8s.io/v1 Event as an event of ours. Its secrets are redacted before anything is kept: `record` is the
 * redacted record as JSON, keys in the API server's order. A record that is not one, is nested too deep or too large
 * is refused with a reason that never repeats it.
 */
export function apiEventFromAudit(record: unknown, context: AuditContext = {}): Result<ApiEvent> {
  const read = readAuditEvent(record, context);
  return read.ok ? { ok: true, value: read.value.event } : read;
}

export type AuditEvent = { event: ApiEvent; isCut: boolean };

/** The same, and whether something is missing from it (`isCut`): a body, or what was too long. */
export function readAuditEvent(record: unknown, context: AuditContext = {}): Result<AuditEvent> {
  const read = readAuditRecord(record);
  if (!read.ok) return read;
  const time = microseconds(read.value.stageTimestamp ?? read.value.requestReceivedTimestamp) ?? context.receivedUs;
  if (time === undefined) return refuse("`stageTimestamp` is missing or not a time");
  try {
    return within(redactRecord(read.value, context.leftOut ?? []), time);
  } catch (error) {
    if (error instanceof WalkLimit) return refuse(`the record ${error.message}`);
    throw error;
  }
}

/** As large as it may be: the answer is given up before the request, because rules read the request. */
function within({ safe, gone, hasCutTexts }: Redacted, time: number): Result<AuditEvent> {
  let record = safe;
  for (const more of [[], ["responseObject"], bodies]) {
    const left = [...new Set([...gone, ...more])];
    if (left.length > 0) record = withoutBodies(safe, left);
    const json = JSON.stringify(record);
    const isWithin = json.length <= auditLimits.recordBytesMax && Buffer.byteLength(json) <= auditLimits.recordBytesMax;
    if (isWithin)
      return { ok: true, value: { event: eventOf(record, time, json), isCut: hasCutTexts || saysCut(record) } };
  }
  return { ok: false, code: "BODY_TOO_LARGE", reason: "the record is larger than the limit" };
}

const leftOutAnnotation = "atalaya.dev/left-out";
const saysCut = ({ annotations }: AuditRecord): boolean =>
  typeof annotations === "object" &&
  annotations !== null &&
  (Object.hasOwn(annotations, leftOutAnnotation) || Object.hasOwn(annotations, cutAnnotation));

/** Says in the record itself what is missing from it. Its keys stay where they are. */
function withoutBodies(safe: AuditRecord, gone: readonly string[]): AuditRecord {
  const given = typeof safe.annotations === "object" ? safe.annotations : {};
  return {
    ...safe,
    requestObject: gone.includes("requestObject") ? undefined : safe.requestObject,
    responseObject: gone.includes("responseObject") ? undefined : safe.responseObject,
    annotations: { ...given, [leftOutAnnotation]: gone.join(",") },
  };
}

const refuse = (reason: string): Result<never> => ({ ok: false, code: "BODY_MALFORMED", reason });

function eventOf(safe: AuditRecord, time: number, json: string): ApiEvent {
  const target = safe.objectRef ?? {};
  return {
    class: "api",
    activity: "request",
    time_us: time,
    audit_id: safe.auditID,
    stage: safe.stage,
    verb: safe.verb,
    user_name: safe.user.username,
    user_agent: safe.userAgent ?? null,
    source_ips: safe.sourceIPs ?? null,
    api_group: target.apiGroup ?? null,
    resource: target.resource ?? null,
    subresource: target.subresource ?? null,
    k8s_namespace: target.namespace ?? null,
    object_name: target.name ?? null,
    response_code: safe.responseStatus?.code ?? null,
    record: json,
    position: null,
  };
}

/** URLSearchParams takes away a "?" that begins a query, which for the API server is part of the first name. */
const namedAsWritten = (uri: string): string => uri.replace(/^([^?]*\?)\?/, "$1%3F");

const cut = (text: string, max: number = auditLimits.columnCharsMax): string =>
  text.length > max ? text.slice(0, max) : text;

/** OpenShift names these objects after the token that they are. */
const namedByToken = new Set(["oauthaccesstokens", "oauthauthorizetokens", "useroauthaccesstokens"]);

/** A record without its secrets, and which of its bodies it is without. */
type Redacted = { safe: AuditRecord; gone: readonly string[]; hasCutTexts: boolean };
const bodies = ["responseObject", "requestObject"];

function redactRecord(record: AuditRecord, leftOut: readonly string[]): Redacted {
  const walk: Walk = { values: 0, cutTexts: 0 };
  const tokenName = namedByToken.has(record.objectRef?.resource ?? "");
  // First: what stands around the bodies must be within its limits whatever becomes of them.
  const around = redactAround(record, walk);
  const { requestObject, responseObject, gone } = redactBodies(record, leftOut, walk);
  // Every key has its place, also when absent, so that records have one shape; JSON leaves out what is undefined.
  const safe = {
    kind: "Event" as const,
    apiVersion: "audit.k8s.io/v1" as const,
    level: record.level,
    auditID: record.auditID,
    stage: record.stage,
    requestURI: tokenName ? redacted : cutText(redactUri(namedAsWritten(record.requestURI)), auditLimits.uriCharsMax),
    verb: record.verb,
    user: around.user,
    impersonatedUser: around.impersonatedUser,
    authenticationMetadata: around.authenticationMetadata,
    sourceIPs: record.sourceIPs?.slice(0, auditLimits.sourceIpsMax),
    userAgent: optional(record.userAgent, (agent) => cutText(redactText(agent), auditLimits.columnCharsMax)),
    objectRef: record.objectRef ? redactReference(record.objectRef, tokenName) : undefined,
    responseStatus: around.responseStatus,
    requestObject,
    responseObject,
    requestReceivedTimestamp: optional(record.requestReceivedTimestamp, (text) => cut(text, 64)),
    stageTimestamp: optional(record.stageTimestamp, (text) => cut(text, 64)),
    annotations: around.annotations,
  };
  return { safe, gone, hasCutTexts: walk.cutTexts > 0 };
}

type Around = Pick<
  AuditRecord,
  "user" | "impersonatedUser" | "authenticationMetadata" | "responseStatus" | "annotations"
>;

function redactAround(record: AuditRecord, walk: Walk): Around {
  const resource = record.objectRef?.resource ?? "";
  const isSecret = resource === "secrets" || namedByToken.has(resource);
  return {
    user: redactUser(record.user, walk),
    impersonatedUser: record.impersonatedUser ? redactUser(record.impersonatedUser, walk) : undefined,
    authenticationMetadata: optional(record.authenticationMetadata, (value) => redactValue(value, "", walk)),
    responseStatus: record.responseStatus ? redactStatus(record.responseStatus, isSecret, walk) : undefined,
    annotations: optional(record.annotations, (value) => redactValue(value, "", walk)),
  };
}

/** Each once. One that is heavier than a record may be is left out, and the answer with the request. */
function redactBodies(record: AuditRecord, leftOut: readonly string[], walk: Walk) {
  const { resource = "", subresource } = record.objectRef ?? {};
  const isSecret = resource === "secrets";
  const body = (value: unknown): unknown => (isSecret ? redactSecret(value, walk) : redactValue(value, "", walk));
  // The body of a token request's answer is the token; nothing in it is worth keeping.
  const answer = (value: unknown): unknown =>
    subresource === "token" || namedByToken.has(resource) ? redacted : body(value);
  const of = (key: "requestObject" | "responseObject", redact: (value: unknown) => unknown): unknown =>
    leftOut.includes(key) ? undefined : optional(record[key], redact);
  const gone = (names: readonly string[]) => [...new Set([...leftOut, ...names])];
  let requestObject: unknown;
  try {
    requestObject = of("requestObject", body);
  } catch (error) {
    if (!(error instanceof WalkLimit)) throw error;
    return { requestObject: undefined, responseObject: undefined, gone: gone(bodies) };
  }
  try {
    return { requestObject, responseObject: of("responseObject", answer), gone: leftOut };
  } catch (error) {
    if (!(error instanceof WalkLimit)) throw error;
    return { requestObject, responseObject: undefined, gone: gone(["responseObject"]) };
  }
}

function optional<T, R>(value: T | undefined, convert: (value: T) => R): R | undefined {
  return value === undefined ? undefined : convert(value);
}

function redactUser(user: AuditRecord["user"], walk: Walk): AuditRecord["user"] {
  return {
    username: cut(user.username),
    uid: optional(user.uid, (uid) => cut(uid)),
    groups: user.groups?.map((group) => cut(group)),
    extra: optional(user.extra, (extra) => redactValue(extra, "", walk)),
  };
}

type Reference = NonNullable<AuditRecord["objectRef"]>;

function redactReference(reference: Reference, tokenName: boolean): Reference {
  const out: Reference = {};
  for (const key of Object.keys(reference) as (keyof Reference)[]) {
    const value = reference[key];
    if (value !== undefined) out[key] = tokenName && key === "name" ? redacted : cut(value);
  }
  return out;
}

type Status = NonNullable<AuditRecord["responseStatus"]>;

/** A refused request's message may repeat what was sent. */
function redactStatus(status: Status, secret: boolean, walk: Walk): Status {
  return {
    metadata: optional(status.metadata, (value) => redactValue(value, "", walk)),
    status: status.status,
    message: optional(status.message, (text) =>
      secret ? redacted : cutText(redactText(text), auditLimits.columnCharsMax),
    ),
    reason: status.reason,
    details: optional(status.details, (value) => (secret ? redacted : redactValue(value, "", walk))),
    code: status.code,
  };
}

const timestamp = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})$/;

/** metav1.MicroTime to microseconds; Date alone would cut them to milliseconds. */
function microseconds(text: string | undefined): number | undefined {
  const parts = timestamp.exec(text ?? "");
  if (parts === null) return undefined;
  const whole = Date.parse(`${parts[1]}${parts[3]}`);
  const value = whole * 1_000 + Number((parts[2] ?? "").padEnd(6, "0").slice(0, 6));
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
