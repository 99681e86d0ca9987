import type { AuditRecord } from "./audit-record.ts";
import { cutText } from "./cut-text.ts";
import { auditLimits } from "./limits.ts";

// What stands around the bodies of a record, and that a client fills: its headers (Audit-ID, User-Agent, Impersonate-*,
// X-Forwarded-For: 1 MiB together), the path, and what the API server repeats of them in its answer. Too long is cut, never
// a reason to refuse the record, which would hide the request from every rule.

/** The annotation that names what was cut. */
export const cutAnnotation = "atalaya.dev/cut";

type User = AuditRecord["user"];
const { columnCharsMax, wordCharsMax, partBytesMax, partValuesMax, partDepthMax } = auditLimits;

/** The record within its limits but for its bodies; says in its annotations what was cut. */
export function cutClientFields(record: AuditRecord): AuditRecord {
  const cut = new Set<string>();
  const text = (value: string, name: string, max: number = columnCharsMax): string => {
    const within = cutText(value, max);
    if (within !== value) cut.add(name);
    return within;
  };
  const part = (value: unknown, name: string): unknown => {
    if (value === undefined || isLight(value)) return value;
    cut.add(name);
    return undefined;
  };
  const user = ({ username, uid, groups, extra }: User, name: string): User => ({
    username: text(username, `${name}.username`),
    uid: uid === undefined ? undefined : text(uid, `${name}.uid`),
    groups: groups && groupsWithin(groups, () => cut.add(`${name}.groups`)),
    extra: part(extra, `${name}.extra`),
  });
  const status = record.responseStatus;
  const within: AuditRecord = {
    ...record,
    auditID: text(record.auditID, "auditID", auditLimits.auditIdCharsMax),
    requestURI: text(record.requestURI, "requestURI", auditLimits.uriCharsMax),
    verb: text(record.verb, "verb", auditLimits.verbCharsMax),
    user: user(record.user, "user"),
    impersonatedUser: record.impersonatedUser ? user(record.impersonatedUser, "impersonatedUser") : undefined,
    authenticationMetadata: part(record.authenticationMetadata, "authenticationMetadata"),
    sourceIPs:
      record.sourceIPs &&
      few(record.sourceIPs, auditLimits.sourceIpsMax, () => cut.add("sourceIPs")).map((ip) =>
        text(ip, "sourceIPs", wordCharsMax),
      ),
    userAgent: record.userAgent === undefined ? undefined : text(record.userAgent, "userAgent"),
    objectRef: record.objectRef && referenceWithin(record.objectRef, (value, key) => text(value, `objectRef.${key}`)),
    responseStatus: status && {
      ...status,
      status: status.status === undefined ? undefined : text(status.status, "responseStatus.status", wordCharsMax),
      reason: status.reason === undefined ? undefined : text(status.reason, "responseStatus.reason", wordCharsMax),
      message: status.message === undefined ? undefined : text(status.message, "responseStatus.message"),
      metadata: part(status.metadata, "responseStatus.metadata"),
      details: part(status.details, "responseStatus.details"),
    },
    annotations: annotationsWithin(record.annotations, () => cut.add("annotations")),
  };
  if (cut.size === 0) return within;
  const annotations = { ...(within.annotations as object | undefined), [cutAnnotation]: [...cut].join(",") };
  return { ...within, annotations };
}

function few<T>(list: readonly T[], max: number, onCut: () => void): T[] {
  if (list.length > max) onCut();
  return list.slice(0, max);
}

/** The first ones, as many as there is room for. */
function groupsWithin(groups: readonly string[], onCut: () => void): string[] {
  const out: string[] = [];
  let bytes = 0;
  for (const group of few(groups, auditLimits.groupsMax, onCut)) {
    const within = cutText(group, columnCharsMax);
    bytes += Buffer.byteLength(JSON.stringify(within));
    if (within !== group || bytes > auditLimits.groupsBytesMax) onCut();
    if (bytes > auditLimits.groupsBytesMax) break;
    out.push(within);
  }
  return out;
}

type Reference = NonNullable<AuditRecord["objectRef"]>;

function referenceWithin(reference: Reference, text: (value: string, key: string) => string): Reference {
  const out: Reference = {};
  for (const key of Object.keys(reference) as (keyof Reference)[]) {
    const value = reference[key];
    if (value !== undefined) out[key] = text(value, key);
  }
  return out;
}

/** The API server's own are short; a plug-in's may repeat what a client sent. */
function annotationsWithin(given: unknown, onCut: () => void): unknown {
  if (given === undefined || isLight(given)) return given;
  onCut();
  const { annotationsMax, annotationCharsMax } = auditLimits;
  const texts = Object.entries(typeof given === "object" && given !== null ? given : {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  return Object.fromEntries(
    texts
      .slice(0, annotationsMax)
      .map(([key, value]) => [cutText(key, annotationCharsMax), cutText(value, annotationCharsMax)]),
  );
}

function isLight(value: unknown): boolean {
  const count = { values: 0 };
  return isShallow(value, count, 0) && Buffer.byteLength(JSON.stringify(value) ?? "") <= partBytesMax;
}

function isShallow(value: unknown, count: { values: number }, depth: number): boolean {
  count.values += 1;
  if (count.values > partValuesMax || depth > partDepthMax) return false;
  if (typeof value === "bigint") return false;
  if (typeof value !== "object" || value === null) return true;
  return Object.values(value).every((inner) => isShallow(inner, count, depth + 1));
}
