import type { ColumnTable, ColumnType } from "./columns.ts";
import { type AtalayaEvent, classColumns, type EventClass } from "./event-classes.ts";
import type { Result } from "./faults.ts";

/** The JSON form of an event: `class` and its columns by name; a column that is not known is left out. */
export function eventToJson(event: AtalayaEvent): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(event)) if (value !== null) out[key] = value;
  return out;
}

/** Reads the JSON form: unknown keys are ignored, a value of the wrong type is refused by its column's name. */
export function eventFromJson(value: unknown): Result<AtalayaEvent> {
  const input = value as Record<string, unknown> | null;
  if (typeof input !== "object" || input === null)
    return { ok: false, code: "EVENT_MALFORMED", reason: "not an object" };
  const name = input["class"];
  if (typeof name !== "string" || !Object.hasOwn(classColumns, name) || name === "inventory") {
    return { ok: false, code: "FRAME_CLASS", reason: "`class` is missing or not an event class" };
  }
  const table: ColumnTable = classColumns[name as EventClass];
  const row: Record<string, unknown> = { class: name };
  for (const [column, type] of Object.entries(table)) {
    const given = Object.hasOwn(input, column) ? input[column] : null;
    if (given !== null && given !== undefined && !fits(type, given)) {
      return { ok: false, code: "EVENT_MALFORMED", reason: `\`${column}\` does not have its type` };
    }
    row[column] = given ?? null;
  }
  // The hub's own news travel in no frame, so the node that they name is no column.
  if (name === "sensor" && typeof input["node"] === "string") row["node"] = input["node"];
  if (row["activity"] === null) return { ok: false, code: "EVENT_MALFORMED", reason: "`activity` is missing" };
  return { ok: true, value: row as AtalayaEvent };
}

const maxima = { u8: 255, u16: 65_535, u32: 4_294_967_295, u53: Number.MAX_SAFE_INTEGER } as const;

function fits(type: ColumnType, value: unknown): boolean {
  if (typeof type !== "string") return typeof value === "string" && type.includes(value);
  if (type === "bool") return typeof value === "boolean";
  if (type === "str" || type === "json") return typeof value === "string";
  if (type === "strs") return Array.isArray(value) && value.every((one) => typeof one === "string");
  if (type === "u53s") return Array.isArray(value) && value.every((one) => Number.isSafeInteger(one) && one >= 0);
  if (!Number.isSafeInteger(value)) return false;
  if (type === "i32") return Math.abs(value as number) <= 2_147_483_647;
  return (value as number) >= 0 && (value as number) <= maxima[type];
}

/** A row with every column null, to be filled: keeps object shapes equal. */
export function blankEvent<C extends EventClass>(name: C): Extract<AtalayaEvent, { class: C }> {
  const row: Record<string, unknown> = { class: name };
  for (const column of Object.keys(classColumns[name])) row[column] = null;
  return row as unknown as Extract<AtalayaEvent, { class: C }>;
}
