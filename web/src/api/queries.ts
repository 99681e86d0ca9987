import type { ApiChange, ApiChangePage } from "@atalaya/wire/api";
import { infiniteQueryOptions, QueryClient, queryOptions } from "@tanstack/react-query";
import { findBlocked } from "../drift/run-trial.ts";
import { type Place, placeQuery } from "../inventory/inventory-place.ts";
import { limits } from "../limits.ts";
import { hub } from "./hub.ts";
import { Refusal } from "./refusal.ts";

/** The page's cache. A refusal is an answer and is not asked for again; a hub that is away is tried three times. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (failures, error) => {
        const passing = error instanceof Refusal && (error.status === 0 || error.status >= 502);
        return passing && failures < 2;
      },
      retryDelay: (failures) => 300 * 2 ** failures,
      refetchOnWindowFocus: true,
    },
  },
});

export const sessionQuery = queryOptions({ queryKey: ["session"], queryFn: hub.session, staleTime: 60_000 });
export const statusQuery = queryOptions({
  queryKey: ["status"],
  queryFn: hub.status,
  refetchInterval: limits.statusEveryMs,
});
export const rulesQuery = queryOptions({ queryKey: ["rules"], queryFn: hub.rules });
export const sensorsQuery = queryOptions({
  queryKey: ["sensors"],
  queryFn: hub.sensors,
  refetchInterval: limits.statusEveryMs,
});
export const ledgerQuery = queryOptions({
  queryKey: ["ledger"],
  queryFn: hub.ledger,
  refetchInterval: limits.statusEveryMs,
});
export const nodesQuery = queryOptions({ queryKey: ["nodes"], queryFn: hub.nodes });
export const inventoryClustersQuery = queryOptions({
  queryKey: ["inventory-clusters"],
  queryFn: hub.inventoryClusters,
  refetchInterval: limits.statusEveryMs,
});
export const inventoryQuery = (list: "namespaces" | "workloads" | "pods", place: Place) =>
  infiniteQueryOptions({
    queryKey: ["inventory", list, place],
    queryFn: ({ pageParam }) => hub.inventory(list, placeQuery(place, pageParam)),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor,
  });
export const enrolmentTokensQuery = queryOptions({ queryKey: ["enrolment-tokens"], queryFn: hub.enrolmentTokens });
export const changesQuery = infiniteQueryOptions({
  queryKey: ["changes"],
  queryFn: ({ pageParam }) => hub.changes(pageParam),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next,
});
export const driftPolicyQuery = queryOptions({
  queryKey: ["drift-policy"],
  queryFn: hub.driftPolicy,
  // Whoever edits it keeps what was typed.
  staleTime: Number.POSITIVE_INFINITY,
});
export const blockedQuery = queryOptions({
  queryKey: ["drift-blocked"],
  queryFn: () => findBlocked((Date.now() - limits.blockedLookBackMs) * 1_000),
});
export const recorderPolicyQuery = queryOptions({
  queryKey: ["recorder-policy"],
  queryFn: hub.recorderPolicy,
  staleTime: Number.POSITIVE_INFINITY,
});
/** As they are called in the API. */
export type PolicyName = "drift-policy" | "recorder-policy";
/** The newest changes of a policy, as far back as a few pages reach. */
export const policyChangesQuery = (policy: PolicyName) =>
  queryOptions({
    queryKey: ["policy-changes", policy],
    queryFn: async () => {
      const found: ApiChange[] = [];
      let after: string | null = null;
      for (let page = 0; page < limits.policyChangePagesMax && found.length < limits.policyChangesShown; page++) {
        const { changes, next }: ApiChangePage = await hub.changes(after);
        found.push(...changes.filter(({ route }) => route.endsWith(`/${policy}`)));
        if (next === null) break;
        after = next;
      }
      return found.slice(0, limits.policyChangesShown);
    },
  });
export const notificationQuery = queryOptions({
  queryKey: ["notification"],
  queryFn: hub.notification,
  staleTime: Number.POSITIVE_INFINITY,
});
export const alertQuery = (id: string) => queryOptions({ queryKey: ["alert", id], queryFn: () => hub.alert(id) });
