import { inventoryLimits } from "./limits.ts";

// Objects come from an API server, and what is in them from whoever may make them: every read says what it expects, and
// what does not fit is absent.

export type Open = Readonly<Record<string, unknown>>;

const none: Open = {};

export function part(of: unknown, name: string): Open {
  const value = field(of, name);
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Open) : none;
}

export function field(of: unknown, name: string): unknown {
  return typeof of === "object" && of !== null && Object.hasOwn(of, name) ? (of as Open)[name] : undefined;
}

/** Undefined for what is no text, and for the empty one, which is Kubernetes' word for none. */
export function text(of: unknown, name: string): string | undefined {
  const value = field(of, name);
  return typeof value === "string" && value !== "" ? value.slice(0, inventoryLimits.valueCharsMax) : undefined;
}

export function number(of: unknown, name: string): number | undefined {
  const value = field(of, name);
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

export function list(of: unknown, name: string, most: number = inventoryLimits.listMax): unknown[] {
  const value = field(of, name);
  return Array.isArray(value) ? value.slice(0, most) : [];
}

export function texts(of: unknown, name: string): string[] {
  const values = list(of, name).filter((one): one is string => typeof one === "string");
  return values.map((one) => one.slice(0, inventoryLimits.valueCharsMax));
}

/** Without what is undefined, empty or false: absent says the same in fewer bytes. */
export function told(facts: Open): Open {
  const given = Object.entries(facts).filter(
    ([, value]) => value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries(given);
}
