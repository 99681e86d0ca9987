import { type ReactElement, useEffect, useState } from "react";
import { Icon } from "../parts/icons.tsx";
import { useText } from "../text/language.ts";
import type { Place } from "./inventory-place.ts";

/** A part of a name is looked for on Enter. */
export function NameBox({ place, go }: { place: Place; go: (next: Place) => void }): ReactElement {
  const text = useText();
  const applied = place.q ?? "";
  const [typed, setTyped] = useState(applied);
  useEffect(() => setTyped(applied), [applied]);
  const submit = () => {
    const { q: _, ...others } = place;
    const q = typed.trim();
    go(q === "" ? others : { ...others, q });
  };
  return (
    <search className="search">
      <Icon name="search" />
      <input
        type="text"
        value={typed}
        placeholder={text.inventory.search}
        aria-label={text.inventory.searchLabel}
        maxLength={253}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") submit();
        }}
      />
    </search>
  );
}
