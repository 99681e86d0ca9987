import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { inventoryQuery } from "../api/queries.ts";
import { Failure } from "../parts/failure.tsx";
import { CardSkeleton } from "../parts/skeletons.tsx";
import { useText } from "../text/language.ts";
import type { Place } from "./inventory-place.ts";
import { NamespaceRow, PodRow, WorkloadRow } from "./inventory-rows.tsx";

type ListName = "namespaces" | "workloads" | "pods";

/** One of the three lists, a page at a time. */
export function InventoryList({ list, place }: { list: ListName; place: Place }): ReactElement {
  const text = useText();
  const query = useInfiniteQuery(inventoryQuery(list, place));
  const pages = query.data?.pages ?? [];
  const rows = pages.flatMap((page): ReactElement[] => {
    if ("namespaces" in page)
      return page.namespaces.map((one) => <NamespaceRow key={`${one.cluster}/${one.namespace}`} row={one} />);
    if ("workloads" in page) return page.workloads.map((one) => <WorkloadRow key={one.uid} row={one} />);
    return page.pods.map((one) => <PodRow key={one.uid} row={one} />);
  });
  return (
    <section aria-label={text.inventory[list]}>
      <h2 className="count-line">{text.inventory[list]}</h2>
      {query.isPending && <CardSkeleton />}
      {query.isError && <Failure error={query.error} retry={() => void query.refetch()} />}
      {query.isSuccess && rows.length === 0 && <p className="count-line">{text.inventory.nothing}</p>}
      {rows.length > 0 && <ul className="panel list">{rows}</ul>}
      {query.hasNextPage && (
        <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {text.inventory.more}
        </Button>
      )}
    </section>
  );
}
