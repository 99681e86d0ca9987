import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type ReactElement, useCallback, useRef } from "react";
import { hub } from "../api/hub.ts";
import { Failure } from "../parts/failure.tsx";
import { Icon } from "../parts/icons.tsx";
import { useKeys } from "../parts/keys.ts";
import { SearchBox } from "../parts/search-box.tsx";
import { CardSkeleton } from "../parts/skeletons.tsx";
import { TrustLine } from "../shell/trust-line.tsx";
import { minuteTime } from "../text/format.ts";
import { useLanguage, useText } from "../text/language.ts";
import { ProcessChips } from "./process-chips.tsx";
import { type ProcessFilters, processQuery, readProcessSearch } from "./process-filters.ts";
import { ProcessRow } from "./process-row.tsx";

/** What ran on every node, newest first: looked for by name, words, user, container, node and time. */
export function ProcessesPage(): ReactElement {
  const text = useText();
  const language = useLanguage();
  const filters = useSearch({ from: "/signed-in/processes" });
  const navigate = useNavigate();
  const setFilters = useCallback(
    (next: ProcessFilters) => void navigate({ to: "/processes", search: next, resetScroll: false }),
    [navigate],
  );
  const searchBox = useRef<HTMLInputElement>(null);
  useKeys([["/", () => searchBox.current?.focus()]]);
  const query = useInfiniteQuery({
    queryKey: ["processes", filters],
    queryFn: ({ pageParam }) => hub.processes(processQuery(filters, Date.now(), pageParam)),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });
  const pages = query.data?.pages ?? [];
  const processes = pages.flatMap((page) => page.processes);
  const searchedTo = pages.at(-1)?.searched_to_us;
  return (
    <>
      <header className="top">
        <h1>{text.processes.title}</h1>
        <SearchBox
          ref={searchBox}
          filters={filters}
          setFilters={setFilters}
          read={readProcessSearch}
          placeholder={text.processes.search}
          label={text.processes.searchLabel}
        />
        <TrustLine />
      </header>
      <ProcessChips filters={filters} setFilters={setFilters} />
      {query.isPending && <CardSkeleton />}
      {query.isError && <Failure error={query.error} retry={() => void query.refetch()} />}
      {query.isSuccess && processes.length === 0 && !query.hasNextPage && (
        <div className="panel notice">
          <Icon name="search" size={26} />
          <h2>{text.processes.emptyTitle}</h2>
          <p>{text.processes.emptyText}</p>
        </div>
      )}
      {processes.length > 0 && !query.isError && (
        <ul className={query.isPlaceholderData ? "panel list stale" : "panel list"} aria-label={text.processes.title}>
          {processes.map((process) => (
            <ProcessRow
              key={`${process.cluster}/${process.node}/${process.boot_id}/${process.pid}/${process.time_us}`}
              process={process}
              filters={filters}
              setFilters={setFilters}
            />
          ))}
        </ul>
      )}
      {query.isSuccess && (
        <div className="list-end">
          {searchedTo !== undefined && query.hasNextPage && (
            <p className="soft" role="status">
              {text.processes.searchedTo(minuteTime(searchedTo, language))}
            </p>
          )}
          {query.hasNextPage ? (
            <button
              type="button"
              className="button"
              disabled={query.isFetchingNextPage}
              onClick={() => void query.fetchNextPage()}
            >
              {query.isFetchingNextPage ? text.shell.loading : text.processes.older}
            </button>
          ) : (
            processes.length > 0 && text.processes.end
          )}
        </div>
      )}
    </>
  );
}
