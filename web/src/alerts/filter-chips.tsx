import { type AlertPage, severities } from "@atalaya/wire/api";
import type { ReactElement, ReactNode } from "react";
import { Icon } from "../parts/icons.tsx";
import type { Dictionary } from "../text/en.ts";
import { minuteTime } from "../text/format.ts";
import { type Language, useLanguage, useText } from "../text/language.ts";
import { visibleString } from "../text/visible-text.ts";
import { AddFilter } from "./add-filter.tsx";
import type { AlertFilters, FilterName } from "./alert-filters.ts";

type Props = {
  filters: AlertFilters;
  setFilters: (next: AlertFilters) => void;
  counts: AlertPage["counts"] | undefined;
};

/** The filters in force and the usual ones, each a button; they are what stands in the address bar. */
export function FilterChips({ filters, setFilters, counts }: Props): ReactElement {
  const text = useText();
  const language = useLanguage();
  const without = (...names: FilterName[]) => {
    const next = { ...filters };
    for (const name of names) delete next[name];
    return next;
  };
  const severity = new Set(filters.severity?.split(",") ?? []);
  const toggleSeverity = (one: string) => {
    const next = severities.filter((other) => (other === one) !== severity.has(other));
    setFilters(next.length === 0 ? without("severity") : { ...filters, severity: next.join(",") });
  };
  const status = counts?.status ?? {};
  const open = (status["new"] ?? 0) + (status["acknowledged"] ?? 0);
  const statuses = [
    [undefined, text.status.open, counts && open],
    ["new", text.status.new, status["new"]],
    ["acknowledged", text.status.acknowledged, status["acknowledged"]],
    ["resolved", text.status.resolved, status["resolved"]],
    ["all", text.status.all, undefined],
  ] as const;
  return (
    <fieldset className="chips" aria-label={text.alerts.filters}>
      <span className="chip-group">
        {statuses.map(([value, label, count]) => (
          <Chip
            key={label}
            on={filters.status === value}
            onClick={() => setFilters(value === undefined ? without("status") : { ...filters, status: value })}
          >
            {label} <Count value={count} />
          </Chip>
        ))}
      </span>
      <span className="chip-group">
        {severities
          .filter((one) => (counts?.severity[one] ?? 0) > 0 || severity.has(one))
          .map((one) => (
            <Chip key={one} on={severity.has(one)} onClick={() => toggleSeverity(one)}>
              <i className={`s-${one}`} aria-hidden="true" />
              {text.severity[one]} <Count value={counts?.severity[one]} />
            </Chip>
          ))}
      </span>
      {otherChips(filters, text, language).map(({ names, label, value }) => (
        <span key={label} className="chip on removable">
          {label}: <b>{visibleString(value)}</b>
          <button
            type="button"
            aria-label={text.alerts.removeFilter(`${label}: ${visibleString(value)}`)}
            onClick={() => setFilters(without(...names))}
          >
            <Icon name="close" size={12} />
          </button>
        </span>
      ))}
      <AddFilter filters={filters} setFilters={setFilters} />
      {Object.keys(filters).length > 1 && (
        <button type="button" className="text-button" onClick={() => setFilters({})}>
          {text.alerts.clearFilters}
        </button>
      )}
    </fieldset>
  );
}

function Chip({ on, onClick, children }: { on: boolean; onClick: () => void; children: ReactNode }): ReactElement {
  return (
    <button type="button" className={on ? "chip on" : "chip"} aria-pressed={on} onClick={onClick}>
      {children}
    </button>
  );
}

function Count({ value }: { value: number | undefined }): ReactElement | null {
  return value === undefined || value === 0 ? null : <b>{value}</b>;
}

type Other = { names: FilterName[]; label: string; value: string };

function otherChips(filters: AlertFilters, text: Dictionary, language: Language): Other[] {
  const found: Other[] = [];
  const plain = [
    "namespace",
    "container",
    "node",
    "cluster",
    "workload",
    "pod_uid",
    "technique",
    "assignee",
    "rule",
    "q",
  ] as const;
  if (filters.source !== undefined) {
    const named: Readonly<Record<string, string>> = text.source;
    const value = named[filters.source] ?? filters.source;
    found.push({ names: ["source"], label: text.filter.source, value });
  }
  for (const name of plain) {
    const value = filters[name];
    if (value !== undefined) found.push({ names: [name], label: text.filter[name], value });
  }
  if (filters.muted !== undefined) {
    const value = text.filter.mutedOnly;
    found.push({ names: ["muted"], label: text.filter.muted, value });
  }
  if (filters.since_us !== undefined || filters.until_us !== undefined) {
    const times = [filters.since_us, filters.until_us].map((us) =>
      us === undefined ? "" : minuteTime(Number(us), language),
    );
    found.push({ names: ["since_us", "until_us"], label: text.filter.time, value: times.join("–") });
  }
  return found;
}
