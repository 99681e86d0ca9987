import { type ReactElement, type RefObject, useEffect, useState } from "react";
import { useText } from "../text/language.ts";
import { Icon } from "./icons.tsx";

type Words = { q?: string };
type Props<Filters extends Words> = {
  ref: RefObject<HTMLInputElement | null>;
  filters: Filters;
  setFilters: (next: Filters) => void;
  /** Takes apart what was typed: filters, and the words that are left. */
  read: (typed: string) => Filters;
  placeholder: string;
  label: string;
};

const typingPauseMs = 250;

/** Words are looked for while they are typed; `field:value` becomes a filter on Enter. */
export function SearchBox<Filters extends Words>(props: Props<Filters>): ReactElement {
  const { ref, filters, setFilters, read } = props;
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
    const found = read(typed);
    setFilters(withWords({ ...filters, ...found }, found.q ?? ""));
    setTyped(found.q ?? "");
  };
  return (
    <search className="search">
      <Icon name="search" />
      <input
        ref={ref}
        type="text"
        value={typed}
        placeholder={props.placeholder}
        aria-label={props.label}
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

function withWords<Filters extends Words>(filters: Filters, words: string): Filters {
  const next = { ...filters };
  const q = words.trim();
  delete next.q;
  return q === "" ? next : { ...next, q };
}
