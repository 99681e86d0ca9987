import type { ApiEvent, Result } from "@atalaya/wire";
import { type AuditRecord, readAuditRecord } from "./audit-record.ts";
import { cutAnnotation } from "./cut-client-fields.ts";
import { cutText } from "./cut-text.ts";
import { auditLimits } from "./limits.ts";
import { redactSecret, redactValue, type Walk, WalkLimit } from "./redact.ts";
import { redacted, redactText, redactUri } from "./secret-text.ts";

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

/** The same, and whether something is missing from it (`isCut`): a body, or what was too long. */
export function readAuditEvent(
  record: unknown,
  context: AuditContext = {},
): Result<{ event: ApiEvent; isCut: boolean }> {
  const read = readAuditRecord(record);
  if (!read.ok) return read;
  const time = microseconds(read.value.stageTimestamp ?? read.value.requestReceivedTimestamp) ?? context.receivedUs;
  if (time === undefined) return refuse("`stageTimestamp` is missing or not a time");
  let problem: Result<never> | undefined;
  // The answer is given up before the request, because rules read the request; then the record is too large.
  for (const without of [[], ["responseObject"], ["responseObject", "requestObject"]]) {
    const gone = [...new Set([...(context.leftOut ?? []), ...without])];
    const within = redactedWithin(gone.length === 0 ? read.value : withoutBodies(read.value, gone));
    if (within.ok) {
      const { safe, json } = within.value;
      return { ok: true, value: { event: eventOf(safe, time, json), isCut: saysCut(safe) } };
    }
    problem = within;
  }
  return problem as Result<never>;
}

/** The record without its secrets, and its JSON, where both keep to their limits. */
function redactedWithin(record: AuditRecord): Result<{ safe: AuditRecord; json: string }> {
  try {
    const safe = redactRecord(record);
    const json = JSON.stringify(safe);
    const isWithin = json.length <= auditLimits.recordBytesMax && Buffer.byteLength(json) <= auditLimits.recordBytesMax;
    if (isWithin) return { ok: true, value: { safe, json } };
    return { ok: false, code: "BODY_TOO_LARGE", reason: "the record is larger than the limit" };
  } catch (error) {
    if (error instanceof WalkLimit) return refuse(`the record ${error.message}`);
    throw error;
  }
}

const leftOutAnnotation = "atalaya.dev/left-out";
const saysCut = ({ annotations }: AuditRecord): boolean =>
  typeof annotations === "object" &&
  annotations !== null &&
  (Object.hasOwn(annotations, leftOutAnnotation) || Object.hasOwn(annotations, cutAnnotation));

/** Says in the record itself what is missing from it. */
function withoutBodies(record: AuditRecord, gone: readonly string[]): AuditRecord {
  const given = typeof record.annotations === "object" ? record.annotations : {};
  const { requestObject, responseObject, ...rest } = record;
  return {
    ...rest,
    ...(gone.includes("requestObject") ? {} : { requestObject }),
    ...(gone.includes("responseObject") ? {} : { responseObject }),
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

function redactRecord(record: AuditRecord): AuditRecord {
  const walk: Walk = { values: 0 };
  const resource = record.objectRef?.resource ?? "";
  const subresource = record.objectRef?.subresource;
  const isSecret = resource === "secrets";
  const tokenName = namedByToken.has(resource);
  const body = (value: unknown): unknown => (isSecret ? redactSecret(value, walk) : redactValue(value, "", walk));
  // Every key has its place, also when absent, so that records have one shape; JSON leaves out what is undefined.
  return {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level: record.level,
    auditID: record.auditID,
    stage: record.stage,
    requestURI: tokenName ? redacted : cutText(redactUri(namedAsWritten(record.requestURI)), auditLimits.uriCharsMax),
    verb: record.verb,
    user: redactUser(record.user, walk),
    impersonatedUser: record.impersonatedUser ? redactUser(record.impersonatedUser, walk) : undefined,
    authenticationMetadata: optional(record.authenticationMetadata, (value) => redactValue(value, "", walk)),
    sourceIPs: record.sourceIPs?.slice(0, auditLimits.sourceIpsMax).map((ip) => cut(ip, 64)),
    userAgent: optional(record.userAgent, (agent) => cut(redactText(cut(agent)))),
    objectRef: record.objectRef ? redactReference(record.objectRef, tokenName) : undefined,
    responseStatus: record.responseStatus
      ? redactStatus(record.responseStatus, isSecret || tokenName, walk)
      : undefined,
    // The body of a token request's answer is the token; nothing in it is worth keeping.
    requestObject: optional(record.requestObject, body),
    responseObject: optional(record.responseObject, (value) =>
      subresource === "token" || tokenName ? redacted : body(value),
    ),
    requestReceivedTimestamp: optional(record.requestReceivedTimestamp, (text) => cut(text, 64)),
    stageTimestamp: optional(record.stageTimestamp, (text) => cut(text, 64)),
    annotations: optional(record.annotations, (value) => redactValue(value, "", walk)),
  };
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
    status: optional(status.status, (text) => cut(text, 64)),
    message: optional(status.message, (text) => (secret ? redacted : cut(redactText(cut(text))))),
    reason: optional(status.reason, (text) => cut(text, 128)),
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
