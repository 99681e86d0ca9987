import { type AlertSummary, alertStatuses, severities } from "@atalaya/wire/api";
import { limits } from "../limits.ts";

/** The filters as they stand in the address bar; all are strings, several values are separated by commas. */
export const filterNames = [
  "status",
  "severity",
  "source",
  "namespace",
  "container",
  "node",
  "cluster",
  "workload",
  "pod_uid",
  "technique",
  "assignee",
  "muted",
  "rule",
  "q",
  "since_us",
  "until_us",
] as const;
export type FilterName = (typeof filterNames)[number];
export type AlertFilters = { [name in FilterName]?: string };

/** What is not said means: the open ones, without the muted ones. */
const openStatuses = "new,acknowledged";

/** Reads the address bar's search part. What is no filter, or no possible value of one, is left out. */
export function readFilters(search: Record<string, unknown>): AlertFilters {
  const filters: AlertFilters = {};
  for (const name of filterNames) {
    const value = search[name];
    if (typeof value !== "string") continue;
    const read = readValue(name, value.trim());
    if (read !== undefined) filters[name] = read;
  }
  return filters;
}

/** The hub's query for these filters. */
export function hubQuery(filters: AlertFilters, page: { cursor?: string | undefined; limit: number }): URLSearchParams {
  const query = new URLSearchParams();
  for (const name of filterNames) {
    const value =
      name === "status"
        ? (filters.status ?? openStatuses)
        : name === "muted"
          ? (filters.muted ?? "false")
          : filters[name];
    if (value !== undefined && value !== "all") query.set(name, value);
  }
  query.set("limit", String(page.limit));
  if (page.cursor !== undefined) query.set("cursor", page.cursor);
  return query;
}

/** Whether an alert that arrives live belongs into a list with these filters. The hub decides when it is asked anew. */
export function matchesFilters(alert: AlertSummary, filters: AlertFilters): boolean {
  const status = filters.status ?? openStatuses;
  return (
    (status === "all" || isOneOf(status, alert.status)) &&
    alert.muted === (filters.muted === "true") &&
    isOneOf(filters.severity, alert.severity) &&
    isOneOf(filters.source, alert.source) &&
    isOneOf(filters.rule, alert.rule) &&
    isOneOf(filters.assignee, alert.assignee) &&
    matchesWhere(alert, filters) &&
    matchesTime(alert, filters) &&
    matchesWords(alert, filters.q)
  );
}

/** `namespace:web shell` typed into the search box: known fields become filters, the rest stays words. */
export function readSearch(text: string): AlertFilters {
  const found: Record<string, unknown> = {};
  const words: string[] = [];
  for (const token of text.split(/\s+/)) {
    const [name, ...rest] = token.split(":");
    const value = rest.join(":");
    const known = filterNames.find((one) => one === name && one !== "q");
    if (known !== undefined && value !== "" && readValue(known, value) !== undefined) found[known] = value;
    else if (token !== "") words.push(token);
  }
  found["q"] = words.join(" ");
  return readFilters(found);
}

function readValue(name: FilterName, value: string): string | undefined {
  if (value === "" || value.length > limits.filterCharsMax) return undefined;
  if (name === "severity") return known(value, severities);
  if (name === "status") return value === "all" ? value : known(value, alertStatuses);
  if (name === "source") return value === "syscall" || value === "k8s_audit" || value === "sensor" ? value : undefined;
  if (name === "muted") return value === "true" ? value : undefined;
  if (name === "technique") return /^T\d{4}(\.\d{3})?(,T\d{4}(\.\d{3})?)*$/.test(value) ? value : undefined;
  if (name === "since_us" || name === "until_us") return /^\d{1,16}$/.test(value) ? value : undefined;
  return value;
}

function known(value: string, possible: readonly string[]): string | undefined {
  const wanted = new Set(value.split(","));
  const found = possible.filter((one) => wanted.has(one));
  return found.length === 0 ? undefined : found.join(",");
}

function matchesWhere({ where, attack }: AlertSummary, filters: AlertFilters): boolean {
  if (!isOneOf(filters.namespace, where.namespace) || !isOneOf(filters.node, where.node)) return false;
  if (!isOneOf(filters.cluster, where.cluster) || !isOneOf(filters.pod_uid, where.pod_uid)) return false;
  if (!isOneOf(filters.workload, where.workload && `${where.workload.kind}/${where.workload.name}`)) return false;
  const { container, technique } = filters;
  // A short id is a beginning of the long one; a technique stands for its sub-techniques too.
  const isContainer = (one: string) => one === where.container_name || where.container_id?.startsWith(one) === true;
  const isTechnique = (one: string) => attack.some(({ id }) => id === one || id.startsWith(`${one}.`));
  if (container !== undefined && !container.split(",").some(isContainer)) return false;
  return technique === undefined || technique.split(",").some(isTechnique);
}

/** Whether `value` is among the filter's values; no filter admits everything. */
function isOneOf(filter: string | undefined, value: string | null | undefined): boolean {
  return filter === undefined || (typeof value === "string" && filter.split(",").includes(value));
}

function matchesTime(alert: AlertSummary, { since_us, until_us }: AlertFilters): boolean {
  if (since_us !== undefined && alert.last_seen_us < Number(since_us)) return false;
  return until_us === undefined || alert.first_seen_us <= Number(until_us);
}

function matchesWords(alert: AlertSummary, q: string | undefined): boolean {
  if (q === undefined) return true;
  const { title, summary, rule } = alert;
  const text = [title.en, title.es, summary.en, summary.es, rule].join("\n").toLowerCase();
  return q
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
