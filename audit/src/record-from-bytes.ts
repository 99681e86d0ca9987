import type { ApiEvent, Result } from "@atalaya/wire";
import { cutDeep } from "./cut-deep.ts";
import { type AuditContext, readAuditEvent } from "./event-from-audit.ts";
import { bodies, lightLine } from "./file/shed-bodies.ts";
import { auditLimits } from "./limits.ts";

/**
 * One record's JSON as an event of ours. What a client can make heavy costs the record only that: what is nested too deep
 * is marked in its place, a body of too many values or bytes is left out and the record says so (`isCut`). Refused is
 * what is no record (BODY_MALFORMED) and what is too heavy even without its bodies (BODY_TOO_LARGE).
 */
export function recordFromBytes(
  bytes: Buffer,
  context: AuditContext = {},
): Result<{ event: ApiEvent; isCut: boolean }> {
  const { lineParsedBytesMax, restParsedBytesMax, valuesMax: values, cutDepth: depth } = auditLimits;
  const shallow = cutDeep(bytes, depth);
  const light =
    lightLine(shallow, { bytes: lineParsedBytesMax, values, depth }) ??
    lightLine(shallow, { bytes: restParsedBytesMax, values, depth }, bodies);
  if (light === undefined) return { ok: false, code: "BODY_TOO_LARGE", reason: "too heavy even without its bodies" };
  const record = parsed(light.bytes);
  if (record === undefined) return { ok: false, code: "BODY_MALFORMED", reason: "not JSON" };
  const read = readAuditEvent(record, { ...context, leftOut: light.left });
  if (!read.ok) return read;
  const { event, isCut } = read.value;
  return { ok: true, value: { event, isCut: isCut || shallow !== bytes } };
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}
