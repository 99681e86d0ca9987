import type { AlertPage, AlertSummary } from "@atalaya/wire/api";
import { type InfiniteData, keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";
import { hub } from "../api/hub.ts";
import { queryClient } from "../api/queries.ts";
import { onAlert } from "../api/stream.ts";
import { limits } from "../limits.ts";
import { type AlertFilters, hubQuery, matchesFilters } from "./alert-filters.ts";

type Pages = InfiniteData<AlertPage, string | undefined>;
const listKey = (filters: AlertFilters) => ["alerts", filters] as const;

/** The list that these filters give, a page at a time; the alert's page uses the same for previous and next. */
export function useAlertList(filters: AlertFilters) {
  const query = useInfiniteQuery({
    queryKey: listKey(filters),
    queryFn: ({ pageParam }) => hub.alerts(hubQuery(filters, { cursor: pageParam, limit: limits.pageSize })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });
  const alerts = useMemo(() => distinct(query.data?.pages.flatMap((page) => page.alerts) ?? []), [query.data]);
  return { query, alerts };
}

/** Counts for the chips and the histogram: a request of its own, so that it can follow live alerts cheaply. */
export function useAlertCounts(filters: AlertFilters) {
  const query = useQuery({
    queryKey: ["alert-counts", filters],
    queryFn: () => hub.alerts(hubQuery(filters, { limit: 1 })),
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => {
    const stop = onAlert(() => {
      timer.current ??= setTimeout(() => {
        timer.current = undefined;
        void queryClient.invalidateQueries({ queryKey: ["alert-counts"] });
      }, limits.countsEveryMs);
    });
    return () => {
      stop();
      clearTimeout(timer.current);
      timer.current = undefined;
    };
  }, []);
  return query.data;
}

/** Puts new alerts at the top of the list, in the order of their arrival, newest first. */
export function addOnTop(filters: AlertFilters, alerts: readonly AlertSummary[]): void {
  queryClient.setQueryData<Pages>(listKey(filters), (data) => {
    const [first, ...others] = data?.pages ?? [];
    if (data === undefined || first === undefined) return data;
    return { ...data, pages: [{ ...first, alerts: distinct([...alerts, ...first.alerts]) }, ...others] };
  });
}

/** Replaces an alert where it stands, in every list and on its own page; whether this list has it is returned. */
export function replaceInPlace(filters: AlertFilters, alert: AlertSummary): boolean {
  queryClient.setQueriesData<Pages>({ queryKey: ["alerts"] }, (data) => data && mapAlerts(data, alert));
  const data = queryClient.getQueryData<Pages>(listKey(filters));
  return data?.pages.some((page) => page.alerts.some((one) => one.alert_id === alert.alert_id)) ?? false;
}

/** After an action of one's own: what the filters no longer admit leaves the list. */
export function dropUnmatched(filters: AlertFilters): void {
  queryClient.setQueryData<Pages>(listKey(filters), (data) => {
    if (data === undefined) return data;
    const pages = data.pages.map((page) => ({
      ...page,
      alerts: page.alerts.filter((one) => matchesFilters(one, filters)),
    }));
    return { ...data, pages };
  });
}

function mapAlerts(data: Pages, alert: AlertSummary): Pages {
  let found = false;
  const pages = data.pages.map((page) => {
    if (!page.alerts.some((one) => one.alert_id === alert.alert_id)) return page;
    found = true;
    return { ...page, alerts: page.alerts.map((one) => (one.alert_id === alert.alert_id ? alert : one)) };
  });
  return found ? { ...data, pages } : data;
}

function distinct(alerts: readonly AlertSummary[]): AlertSummary[] {
  const seen = new Set<string>();
  return alerts.filter((one) => !seen.has(one.alert_id) && seen.add(one.alert_id) !== undefined);
}
