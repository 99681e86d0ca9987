import { Textarea } from "@mantine/core";
import type { ReactElement } from "react";
import { limits } from "../limits.ts";
import { useText } from "../text/language.ts";
import { type ScopeText, scopeLists } from "./scope-text.ts";

/** The lists of a scope, one pattern a line. */
export function ScopeLists({ scope, change }: { scope: ScopeText; change: (scope: ScopeText) => void }): ReactElement {
  const { scope: text } = useText();
  return (
    <>
      {scopeLists.map((name) => (
        <PatternList
          key={name}
          label={text.lists[name]}
          placeholder={text.anything}
          value={scope[name]}
          change={(value) => change({ ...scope, [name]: value })}
        />
      ))}
    </>
  );
}

type Props = { label: string; placeholder: string; value: string; change: (value: string) => void };

export function PatternList({ label, placeholder, value, change }: Props): ReactElement {
  return (
    <Textarea
      label={label}
      placeholder={placeholder}
      value={value}
      autosize
      minRows={1}
      maxRows={6}
      maxLength={limits.patternListCharsMax}
      spellCheck={false}
      classNames={{ input: "mono" }}
      onChange={(event) => change(event.currentTarget.value)}
    />
  );
}
