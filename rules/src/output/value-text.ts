import type { FieldValue } from "../event-view.ts";
import type { FieldShape } from "../fields/field.ts";
import { ruleLimits } from "../limits.ts";

export const cutTo = (text: string, max: number): string => (text.length > max ? `${text.slice(0, max)}…` : text);

/** Of several names of one call, the first is shown; a number that is only known to be some success is not. */
function shown(value: FieldValue, shape: FieldShape): FieldValue {
  if (value === Number.POSITIVE_INFINITY) return undefined;
  return Array.isArray(value) && shape === "sides" ? value[0] : value;
}

/** A value as text: lists in parentheses, what is missing as `<NA>`. */
export function valueText(value: FieldValue, shape: FieldShape): string {
  const one = shown(value, shape);
  if (one === undefined) return "<NA>";
  return cutTo(Array.isArray(one) ? `(${one.join(",")})` : String(one), ruleLimits.outputValueCharsMax);
}

/** A value for JSON: numbers and booleans keep their type, what is missing is null. */
export function jsonValue(value: FieldValue, shape: FieldShape): unknown {
  const one = shown(value, shape);
  if (one === undefined) return null;
  const bounded = (item: unknown): unknown =>
    typeof item === "string" ? cutTo(item, ruleLimits.outputValueCharsMax) : item;
  return Array.isArray(one) ? one.slice(0, 256).map(bounded) : bounded(one);
}
