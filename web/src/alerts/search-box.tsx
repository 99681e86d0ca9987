import { type ReactElement, type RefObject, useEffect, useState } from "react";
import { Icon } from "../parts/icons.tsx";
import { useText } from "../text/language.ts";
import { type AlertFilters, readSearch } from "./alert-filters.ts";

type Props = {
  ref: RefObject<HTMLInputElement | null>;
  filters: AlertFilters;
  setFilters: (next: AlertFilters) => void;
};

const typingPauseMs = 250;

/** Words are looked for while they are typed; `field:value` becomes a filter on Enter. */
export function SearchBox({ ref, filters, setFilters }: Props): ReactElement {
  const text = useText();
  const applied = filters.q ?? "";
  const [typed, setTyped] = useState(applied);
  useEffect(() => setTyped(applied), [applied]);
  useEffect(() => {
    if (typed.trim() === applied || typed.includes(":")) return;
    const timer = setTimeout(() => setFilters(withWords(filters, typed)), typingPauseMs);
    return () => clearTimeout(timer);
  }, [typed, applied, filters, setFilters]);

  const submit = () => {
    const { q, ...others } = readSearch(typed);
    setFilters(withWords({ ...filters, ...others }, q ?? ""));
    setTyped(q ?? "");
  };
  return (
    <search className="search">
      <Icon name="search" />
      <input
        ref={ref}
        type="text"
        value={typed}
        placeholder={text.alerts.search}
        aria-label={text.alerts.searchLabel}
        maxLength={256}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") submit();
          if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
      {typed === "" ? (
        <span className="key" aria-hidden="true">
          /
        </span>
      ) : (
        <button
          type="button"
          className="icon-button"
          aria-label={text.alerts.clearSearch}
          onClick={() => {
            setTyped("");
            setFilters(withWords(filters, ""));
          }}
        >
          <Icon name="close" size={14} />
        </button>
      )}
    </search>
  );
}

function withWords(filters: AlertFilters, words: string): AlertFilters {
  const { q: _, ...others } = filters;
  const q = words.trim();
  return q === "" ? others : { ...others, q };
}
