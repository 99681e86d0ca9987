import type { AlertSummary } from "@atalaya/wire/api";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type ReactElement, type RefObject, useLayoutEffect, useRef, useState } from "react";
import { useText } from "../text/language.ts";
import type { AlertFilters } from "./alert-filters.ts";
import { AlertRow } from "./alert-row.tsx";

type Props = {
  alerts: readonly AlertSummary[];
  filters: AlertFilters;
  cursor: string | undefined;
  setCursor: (id: string | undefined) => void;
  selected: ReadonlySet<string>;
  setSelected: (ids: ReadonlySet<string>) => void;
  arrived: ReadonlySet<string>;
  scrollTo: RefObject<(index: number) => void>;
};

/** Only the rows in view exist; ten thousand scroll like ten. */
export function AlertRows({
  alerts,
  filters,
  cursor,
  setCursor,
  selected,
  setSelected,
  arrived,
  scrollTo,
}: Props): ReactElement {
  const text = useText();
  const list = useRef<HTMLUListElement>(null);
  const [scrollMargin, setScrollMargin] = useState(0);
  useLayoutEffect(() => setScrollMargin(list.current?.offsetTop ?? 0), []);
  const rows = useWindowVirtualizer({
    count: alerts.length,
    estimateSize: () => 63,
    overscan: 12,
    scrollMargin,
    scrollPaddingStart: 90,
    scrollPaddingEnd: 110,
    getItemKey: (index) => alerts[index]?.alert_id ?? index,
  });
  scrollTo.current = (index) => rows.scrollToIndex(index, { align: "auto" });
  const toggle = (id: string) => {
    const next = new Set(selected);
    if (!next.delete(id)) next.add(id);
    setSelected(next);
  };
  return (
    <ul
      ref={list}
      className={`panel rows${selected.size > 0 ? " selecting" : ""}`}
      aria-label={text.alerts.list}
      style={{ height: rows.getTotalSize() }}
    >
      {rows.getVirtualItems().map(({ index, start, key }) => {
        const alert = alerts[index];
        if (alert === undefined) return null;
        const id = alert.alert_id;
        return (
          <li
            key={key}
            ref={rows.measureElement}
            data-index={index}
            className="row-place"
            style={{ transform: `translateY(${start - scrollMargin}px)` }}
            aria-posinset={index + 1}
            aria-setsize={alerts.length}
          >
            <AlertRow
              alert={alert}
              filters={filters}
              current={id === cursor}
              selected={selected.has(id)}
              arrived={arrived.has(id)}
              toggle={() => toggle(id)}
              focus={() => setCursor(id)}
            />
          </li>
        );
      })}
    </ul>
  );
}
