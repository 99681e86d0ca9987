/** A value of the audit record as a field holds it: text as it is, everything else as compact JSON. */
export function jsonText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (value === undefined) return undefined;
  if (typeof value === "boolean" || typeof value === "number") return String(value);
  try {
    return JSON.stringify(value);
  } catch {
    // Nested deeper than the stack: a record from elsewhere, since ours end at a fixed depth.
    return undefined;
  }
}

/** One step into an object or an array; never into a prototype. */
export function childOf(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) return /^(0|[1-9]\d{0,6})$/.test(key) ? value[Number(key)] : undefined;
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

export function atPath(value: unknown, path: readonly string[]): unknown {
  let at = value;
  for (const key of path) at = childOf(at, key);
  return at;
}

/** `/requestObject/spec/tls` (RFC 6901) as its steps; undefined when it is no pointer. */
export function pointerSteps(pointer: string): string[] | undefined {
  if (pointer === "") return [];
  if (!pointer.startsWith("/")) return undefined;
  return pointer
    .slice(1)
    .split("/")
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}
