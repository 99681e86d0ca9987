import { limits } from "../limits.ts";

/** The filters as they stand in the address bar; all are strings. `since` is how far back, from now. */
export const processFilterNames = ["name", "pod", "container", "cluster", "node", "uid", "since", "q"] as const;
export type ProcessFilterName = (typeof processFilterNames)[number];
export type ProcessFilters = { [name in ProcessFilterName]?: string };

export const spans = { "15m": 900, "1h": 3_600, "24h": 86_400, "7d": 604_800 } as const;
export type Span = keyof typeof spans;

/** Reads the address bar's search part. What is no filter, or no possible value of one, is left out. */
export function readProcessFilters(search: Record<string, unknown>): ProcessFilters {
  const filters: ProcessFilters = {};
  for (const name of processFilterNames) {
    const value = search[name];
    if (typeof value !== "string") continue;
    const trimmed = value.trim();
    if (isPossible(name, trimmed)) filters[name] = trimmed;
  }
  return filters;
}

/** `name:curl evil.example` typed into the search box: known fields become filters, the rest stays words. */
export function readProcessSearch(text: string): ProcessFilters {
  const found: Record<string, string> = {};
  const words: string[] = [];
  for (const token of text.split(/\s+/)) {
    const [typed = "", ...rest] = token.split(":");
    const name = typed === "user" ? "uid" : typed;
    const value = rest.join(":");
    const known = processFilterNames.find((one) => one === name && one !== "q");
    if (known !== undefined && isPossible(known, value)) found[known] = value;
    else if (token !== "") words.push(token);
  }
  return readProcessFilters({ ...found, q: words.join(" ") });
}

/** The hub's query for these filters, `nowMs` being now. */
export function processQuery(filters: ProcessFilters, nowMs: number, cursor: string | undefined): URLSearchParams {
  const query = new URLSearchParams();
  for (const name of processFilterNames) {
    const value = filters[name];
    if (value === undefined) continue;
    if (name === "since") query.set("since_us", String((Math.floor(nowMs / 1_000) - spans[value as Span]) * 1_000_000));
    else query.set(name, value);
  }
  query.set("limit", String(limits.pageSize));
  if (cursor !== undefined) query.set("cursor", cursor);
  return query;
}

function isPossible(name: ProcessFilterName, value: string): boolean {
  if (value === "" || value.length > limits.filterCharsMax) return false;
  if (name === "uid") return /^\d{1,10}$/.test(value);
  return name === "since" ? Object.hasOwn(spans, value) : true;
}
