import { type ReactElement, useState } from "react";
import { limits } from "../limits.ts";
import { useText } from "../text/language.ts";
import { Plain } from "./plain.tsx";

/** A command line as long as it may be: the beginning, and a button for the rest. */
export function LongText({
  text: whole,
  most = limits.commandCharsShown,
}: {
  text: string;
  most?: number;
}): ReactElement {
  const text = useText();
  const [all, setAll] = useState(false);
  if (whole.length <= most) return <Plain text={whole} />;
  return (
    <>
      <Plain text={all ? whole : `${whole.slice(0, most)}…`} />{" "}
      <button type="button" className="text-button" onClick={() => setAll(!all)}>
        {all ? text.shell.showLess : text.shell.showAll}
      </button>
    </>
  );
}
