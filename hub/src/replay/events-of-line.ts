import { apiEventFromAudit } from "@atalaya/audit";
import { type AtalayaEvent, eventFromJson } from "@atalaya/wire";

export type LineEvents = { events: AtalayaEvent[]; refused: string[] };

/**
 * The events of one line: an audit record, an EventList, an array of records, or an event of ours (it has `class`).
 * Every record is given on, whatever its stage: which stages count is the rules' business here, as in Falco.
 */
export function eventsOfLine(text: string): LineEvents {
  const out: LineEvents = { events: [], refused: [] };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    out.refused.push("not JSON");
    return out;
  }
  const items = itemsOf(value);
  if (items === undefined) add(out, value, "");
  else for (const [index, item] of items.entries()) add(out, item, `item ${index + 1}: `);
  return out;
}

function itemsOf(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  if (typeof value !== "object" || value === null) return undefined;
  const { kind, items } = value as { kind?: unknown; items?: unknown };
  if (kind === "EventList" && items === null) return [];
  return Array.isArray(items) && (kind === "EventList" || kind === undefined) ? items : undefined;
}

function add(out: LineEvents, value: unknown, where: string): void {
  const isOurs = typeof value === "object" && value !== null && Object.hasOwn(value, "class");
  const read = isOurs ? eventFromJson(value) : apiEventFromAudit(value);
  if (read.ok) out.events.push(read.value);
  else out.refused.push(where + read.reason);
}
