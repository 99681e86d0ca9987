import type { AuditEvent } from "../event-from-audit.ts";
import { isEvaluated } from "../events-from-list.ts";
import { auditLimits } from "../limits.ts";
import { recordFromBytes } from "../record-from-bytes.ts";

/**
 * What became of one line: an event, and whether something of it was cut; a stage of a request of which another says more; or, by name, why it is lost.
 *   undecodable  it is no record of an audit log
 *   too_large    longer than a line may be, or a record that is too large without its bodies
 *   torn         the rest of it never came: whoever wrote it was ended
 */
export type LineOutcome = AuditEvent | "stage_skipped" | LostLine;
export type LostLine = "undecodable" | "too_large" | "torn";

const start = Buffer.from('{"kind":"Event","apiVersion":"audit.k8s.io/v1"');

/**
 * Reads one line of an audit log. It gives two outcomes where an API server was ended in the middle of a record and its
 * successor went on in the same line. `isWhole`: its end was there.
 */
export function readAuditLine(line: Buffer, isWhole = true): LineOutcome[] {
  const whole = readRecord(line);
  if (whole !== "undecodable") return [whole];
  // Never looked into: cut off just behind an object that a client sent, it would end in a record of the client's making.
  if (!isWhole) return ["torn"];
  // A writer ends its record with the line, so the last one is whole; what a client sent is followed by the rest of its
  // record, and does not parse to the line's end.
  for (let at = line.lastIndexOf(start), tries = 0; at > 0 && tries < auditLimits.tornTriesMax; tries++) {
    const last = readRecord(line.subarray(at));
    if (last !== "undecodable") return ["torn", last];
    at = line.lastIndexOf(start, at - 1);
  }
  return ["undecodable"];
}

function readRecord(line: Buffer): LineOutcome {
  const read = recordFromBytes(line);
  if (!read.ok) return read.code === "BODY_TOO_LARGE" ? "too_large" : "undecodable";
  return isEvaluated(read.value.event) ? read.value : "stage_skipped";
}
