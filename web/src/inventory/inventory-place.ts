import { limits } from "../limits.ts";

/** Where in the inventory one looks, as it stands in the address bar. */
export const placeNames = ["cluster", "namespace", "workload", "node", "service_account", "image", "q"] as const;
export type PlaceName = (typeof placeNames)[number];
export type Place = { [name in PlaceName]?: string };

/** Reads the address bar's search part; what is no place is left out. */
export function readPlace(search: Record<string, unknown>): Place {
  const place: Place = {};
  for (const name of placeNames) {
    const value = search[name];
    if (typeof value === "string" && value !== "" && value.length <= limits.filterCharsMax) place[name] = value;
  }
  return place;
}

/** The hub's query for a page of it. */
export function placeQuery(place: Place, cursor: string | undefined): URLSearchParams {
  const query = new URLSearchParams(place);
  if (cursor !== undefined) query.set("cursor", cursor);
  return query;
}

/** What is listed there: what is asked for by what only pods have is a list of pods. */
export function listOf({
  namespace,
  workload,
  node,
  service_account,
  image,
  q,
}: Place): "namespaces" | "workloads" | "pods" {
  if ([workload, node, service_account, image].some((one) => one !== undefined)) return "pods";
  return namespace === undefined && q === undefined ? "namespaces" : "workloads";
}
