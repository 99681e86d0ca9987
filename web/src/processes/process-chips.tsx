import type { ReactElement } from "react";
import { Icon } from "../parts/icons.tsx";
import { useText } from "../text/language.ts";
import { visibleString } from "../text/visible-text.ts";
import { type ProcessFilterName, type ProcessFilters, spans } from "./process-filters.ts";

type Props = { filters: ProcessFilters; setFilters: (next: ProcessFilters) => void };

/** How far back, and the filters in force, each to be taken away. */
export function ProcessChips({ filters, setFilters }: Props): ReactElement {
  const text = useText();
  const without = (name: ProcessFilterName) => {
    const next = { ...filters };
    delete next[name];
    return next;
  };
  const others = (["name", "pod", "container", "cluster", "node", "uid", "q"] as const).filter(
    (name) => filters[name] !== undefined,
  );
  const names = Object.keys(spans);
  return (
    <fieldset className="chips" aria-label={text.alerts.filters}>
      <span className="chip-group">
        {[...names, undefined].map((span) => {
          const isOn = filters.since === span;
          return (
            <button
              key={span ?? "all"}
              type="button"
              className={isOn ? "chip on" : "chip"}
              aria-pressed={isOn}
              onClick={() => setFilters(span === undefined ? without("since") : { ...filters, since: span })}
            >
              {span === undefined ? text.processes.allTime : text.processes.last(span)}
            </button>
          );
        })}
      </span>
      {others.map((name) => {
        const value = `${text.processes.filter[name]}: ${visibleString(filters[name] ?? "")}`;
        return (
          <span key={name} className="chip on removable">
            {text.processes.filter[name]}: <b>{visibleString(filters[name] ?? "")}</b>
            <button
              type="button"
              aria-label={text.alerts.removeFilter(value)}
              onClick={() => setFilters(without(name))}
            >
              <Icon name="close" size={12} />
            </button>
          </span>
        );
      })}
    </fieldset>
  );
}
