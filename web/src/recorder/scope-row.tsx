import { ActionIcon, TextInput } from "@mantine/core";
import type { ReactElement } from "react";
import { limits } from "../limits.ts";
import { Icon } from "../parts/icons.tsx";
import { ScopeLists } from "../policy/pattern-lists.tsx";
import { useText } from "../text/language.ts";
import { visibleString } from "../text/visible-text.ts";
import { isEverything, type ScopeForm } from "./scope-forms.ts";

type Props = { form: ScopeForm; place: number; change: (form: ScopeForm) => void; remove: () => void };

/** One scope: whose last minutes are kept. */
export function ScopeRow({ form, place, change, remove }: Props): ReactElement {
  const { recording: text } = useText();
  const label = text.scope(place, visibleString(form.name));
  return (
    <li className="policy-row" aria-label={label}>
      <div className="policy-head">
        <span className="policy-place" aria-hidden="true">
          {place}
        </span>
        <TextInput
          label={text.name}
          value={form.name}
          maxLength={limits.policyNameCharsMax}
          spellCheck={false}
          onChange={({ currentTarget: { value: name } }) => change({ ...form, name })}
        />
        <span className="policy-moves">
          <ActionIcon variant="subtle" aria-label={text.remove(label)} onClick={remove}>
            <Icon name="close" />
          </ActionIcon>
        </span>
      </div>
      <div className="policy-lists">
        <ScopeLists scope={form.scope} change={(scope) => change({ ...form, scope })} />
      </div>
      {isEverything(form) && (
        <p className="policy-note">
          <span className="tag amber whole">{text.everything}</span>
        </p>
      )}
    </li>
  );
}
