import type { ApiEvent, Result } from "@atalaya/wire";
import { type AuditContext, readAuditEvent } from "./event-from-audit.ts";
import { jsonShapeProblem } from "./json-shape.ts";
import { auditLimits } from "./limits.ts";
import { listItems } from "./list-items.ts";
import { recordFromBytes } from "./record-from-bytes.ts";

export type LostRecords = { undecodable: number; too_large: number };
/** The same, and how many of the others are without something (a note of the ledger, no loss of a record). */
export type RecordCounts = LostRecords & { cut?: number };

export type AuditEvents = {
  events: ApiEvent[];
  /** What could not be read, by its place in the list; the rest is used. */
  refused: { index: number; reason: string }[];
  /** How many; those beyond a list's limit share one reason. */
  refusedCount: number;
  /** The same by the ledger's names: what is no record, and what is too large even without its bodies. */
  lost: LostRecords;
  /** Of `events`: records of which something was left out because a client had made it too heavy. */
  cut: number;
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

/**
 * The body that an API server's audit webhook posts, as bytes: an EventList, or a single Event. Each record is read alone,
 * so that one that nobody can read, or that a client made too heavy, spoils no other.
 */
export function auditEventsFromBody(bytes: Buffer, context: AuditContext = {}): Result<AuditEvents> {
  const { list, items, more } = listItems(bytes, auditLimits.listItemsMax);
  const problem = jsonShapeProblem(list, auditLimits.listDepthMax, auditLimits.listValuesMax);
  if (problem !== undefined && items.length > 0) return malformed(`The list around the records is ${problem}`);
  const head = problem === undefined ? parsed(list) : { kind: "Event" };
  if (head === undefined) return malformed("The body is not JSON");
  const out = noEvents();
  const what = itemsOf(head);
  // A list has no items of its own here: they were taken out.
  const records = what.length === 0 ? items : [list];
  if (typeof what === "string") refuse(out, 0, malformed(what));
  else for (const [index, one] of records.entries()) add(out, index, recordFromBytes(one, context));
  if (more > 0) refuse(out, items.length, tooMany, more);
  return { ok: true, value: out };
}

/** The same of a body that is parsed already. */
export function auditEventsFromList(body: unknown, context: AuditContext = {}): AuditEvents {
  const out = noEvents();
  const items = itemsOf(body);
  if (typeof items === "string") {
    refuse(out, 0, malformed(items));
    return out;
  }
  const within = items.slice(0, auditLimits.listItemsMax);
  within.forEach((item, index) => {
    add(out, index, readAuditEvent(item, context));
  });
  const more = items.length - within.length;
  if (more > 0) refuse(out, within.length, tooMany, more);
  return out;
}

type Refusal = Extract<Result<never>, { ok: false }>;
const malformed = (reason: string): Refusal => ({ ok: false, code: "BODY_MALFORMED", reason });
const tooMany: Refusal = {
  ok: false,
  code: "BODY_TOO_LARGE",
  reason: `the list has more than ${auditLimits.listItemsMax} items`,
};

function noEvents(): AuditEvents {
  return {
    ...{ events: [], refused: [], refusedCount: 0, lost: { undecodable: 0, too_large: 0 } },
    ...{ cut: 0, skipped: { RequestReceived: 0, ResponseStarted: 0 } },
  };
}

function refuse(out: AuditEvents, index: number, { code, reason }: Refusal, count = 1): void {
  out.refused.push({ index, reason });
  out.refusedCount += count;
  out.lost[code === "BODY_TOO_LARGE" ? "too_large" : "undecodable"] += count;
}

function add(out: AuditEvents, index: number, read: ReturnType<typeof recordFromBytes>): void {
  if (!read.ok) {
    refuse(out, index, read);
    return;
  }
  const { event, isCut } = read.value;
  if (isEvaluated(event)) {
    out.events.push(event);
    if (isCut) out.cut++;
  } else out.skipped[event.stage === "RequestReceived" ? "RequestReceived" : "ResponseStarted"] += 1;
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
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
