import { useNavigate, useSearch } from "@tanstack/react-router";
import { type ReactElement, useCallback, useRef, useState } from "react";
import { Failure } from "../parts/failure.tsx";
import { SearchBox } from "../parts/search-box.tsx";
import { ListSkeleton } from "../parts/skeletons.tsx";
import { TrustLine } from "../shell/trust-line.tsx";
import { useText } from "../text/language.ts";
import { type AlertFilters, readSearch } from "./alert-filters.ts";
import { useAlertCounts, useAlertList } from "./alert-list.ts";
import { AlertRows } from "./alert-rows.tsx";
import { BulkBar } from "./bulk-bar.tsx";
import { EmptyAlerts } from "./empty-alerts.tsx";
import { FilterChips } from "./filter-chips.tsx";
import { Histogram } from "./histogram.tsx";
import { useListActions } from "./list-actions.ts";
import { useListKeys } from "./list-keys.ts";
import { useLiveAlerts } from "./live-alerts.ts";
import { useReading } from "./reading.ts";

/** The queue: live, newest first, worked through by keyboard. */
export function AlertsPage(): ReactElement {
  const text = useText();
  const filters = useSearch({ from: "/signed-in/alerts" });
  const navigate = useNavigate();
  const setFilters = useCallback(
    (next: AlertFilters) => void navigate({ to: "/alerts", search: next, resetScroll: false }),
    [navigate],
  );
  const { query, alerts } = useAlertList(filters);
  const counts = useAlertCounts(filters);
  const searchBox = useRef<HTMLInputElement>(null);
  const [cursor, setCursor] = useState<string>();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const reading = useReading(cursor !== undefined || selected.size > 0);
  const live = useLiveAlerts(filters, reading.check);
  const actions = useListActions({ filters, alerts, cursor, setCursor, selected, setSelected });
  const shown = new Set(live.waiting.length === 0 ? [] : alerts.map((one) => one.alert_id));
  const waiting = live.waiting.filter((one) => !shown.has(one.alert_id)).length;
  const showWaiting = () => {
    live.showWaiting();
    window.scrollTo({ top: 0 });
  };
  const scrollTo = useRef<(index: number) => void>(() => {});
  useListKeys({ alerts, cursor, setCursor, selected, setSelected, actions, searchBox, showWaiting, filters, scrollTo });

  return (
    <>
      <header className="top">
        <h1>{text.alerts.title}</h1>
        <SearchBox
          ref={searchBox}
          filters={filters}
          setFilters={setFilters}
          read={readSearch}
          placeholder={text.alerts.search}
          label={text.alerts.searchLabel}
        />
        <TrustLine />
      </header>
      <Histogram page={counts} filters={filters} setFilters={setFilters} />
      <FilterChips filters={filters} setFilters={setFilters} counts={counts?.counts} />
      <p className="visually-hidden" role="status">
        {live.last && text.alerts.arrived(live.last.title[document.documentElement.lang === "es" ? "es" : "en"])}
      </p>
      <div className="waiting-place">
        {waiting > 0 && (
          <button
            type="button"
            className="waiting"
            aria-label={text.alerts.waitingLabel(waiting)}
            onClick={showWaiting}
          >
            ↑ {text.alerts.waiting(waiting)}
          </button>
        )}
      </div>
      {query.isError && <Failure error={query.error} retry={() => void query.refetch()} />}
      {query.isPending && <ListSkeleton />}
      {query.isSuccess && alerts.length === 0 && (
        <EmptyAlerts filters={filters} setFilters={setFilters} counts={counts} />
      )}
      {alerts.length > 0 && !query.isError && (
        <div {...reading.over} className={query.isPlaceholderData ? "stale" : undefined}>
          <AlertRows
            alerts={alerts}
            filters={filters}
            cursor={cursor}
            setCursor={setCursor}
            selected={selected}
            setSelected={setSelected}
            arrived={live.arrived}
            scrollTo={scrollTo}
          />
          <div className="list-end">
            {query.hasNextPage ? (
              <button
                type="button"
                className="button"
                disabled={query.isFetchingNextPage}
                onClick={() => void query.fetchNextPage()}
              >
                {query.isFetchingNextPage ? text.shell.loading : text.alerts.more}
              </button>
            ) : (
              text.alerts.end
            )}
          </div>
        </div>
      )}
      <BulkBar count={selected.size} actions={actions} clear={() => setSelected(new Set())} />
    </>
  );
}
