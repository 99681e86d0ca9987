import type { ApiEvent, Result } from "@atalaya/wire";
import { type AuditContext, apiEventFromAudit } from "./event-from-audit.ts";
import { jsonShapeProblem } from "./json-shape.ts";
import { auditLimits } from "./limits.ts";

export type AuditEvents = {
  events: ApiEvent[];
  /** What could not be read, by its place in the list; the rest is used. */
  refused: { index: number; reason: string }[];
  /** Left out because another stage of the same request says more, by stage. */
  skipped: { RequestReceived: number; ResponseStarted: number };
};

const startedCounts = new Set(["exec", "attach", "portforward", "proxy"]);

/**
 * Whether a stage is evaluated. Every request ends in ResponseComplete or Panic. Its start is told for what lasts:
 * a session into a pod must be known when it opens, not when somebody leaves it.
 */
export function isEvaluated(event: ApiEvent): boolean {
  if (event.stage === "RequestReceived") return false;
  if (event.stage !== "ResponseStarted") return true;
  return event.verb === "watch" || startedCounts.has(event.subresource ?? "");
}

/** A body's JSON, parsed only when that costs no more than a real one does. */
export function parseAuditBody(bytes: Buffer): Result<unknown> {
  const problem = jsonShapeProblem(bytes, auditLimits.bodyDepthMax, auditLimits.bodyValuesMax);
  if (problem !== undefined) return { ok: false, code: "BODY_MALFORMED", reason: `The body is ${problem}` };
  try {
    return { ok: true, value: JSON.parse(bytes.toString("utf8")) };
  } catch {
    return { ok: false, code: "BODY_MALFORMED", reason: "The body is not JSON" };
  }
}

/** The body that an API server's audit webhook posts: an EventList, or a single Event. Hostile until proven otherwise. */
export function auditEventsFromList(body: unknown, context: AuditContext = {}): AuditEvents {
  const out: AuditEvents = { events: [], refused: [], skipped: { RequestReceived: 0, ResponseStarted: 0 } };
  const items = itemsOf(body);
  if (typeof items === "string") {
    out.refused.push({ index: 0, reason: items });
    return out;
  }
  items.forEach((item, index) => {
    if (index >= auditLimits.listItemsMax) {
      out.refused.push({ index, reason: `the list has more than ${auditLimits.listItemsMax} items` });
      return;
    }
    const read = apiEventFromAudit(item, context);
    if (!read.ok) out.refused.push({ index, reason: read.reason });
    else if (isEvaluated(read.value)) out.events.push(read.value);
    else out.skipped[read.value.stage === "RequestReceived" ? "RequestReceived" : "ResponseStarted"] += 1;
  });
  return out;
}

function itemsOf(body: unknown): readonly unknown[] | string {
  if (typeof body !== "object" || body === null) return "not an EventList";
  if (Array.isArray(body)) return "an array, not an EventList";
  const list = body as Record<string, unknown>;
  const version = list["apiVersion"];
  if (version !== undefined && version !== "audit.k8s.io/v1") return "`apiVersion` is not audit.k8s.io/v1";
  if (list["kind"] === "EventList" || (list["kind"] === undefined && Array.isArray(list["items"]))) {
    if (list["items"] === null) return [];
    return Array.isArray(list["items"]) ? list["items"] : "`items` is not a list";
  }
  return [body];
}
