import { ActionIcon, Checkbox, NativeSelect, TextInput } from "@mantine/core";
import type { ReactElement } from "react";
import { limits } from "../limits.ts";
import { Icon } from "../parts/icons.tsx";
import { PatternList, ScopeLists } from "../policy/pattern-lists.tsx";
import { useText } from "../text/language.ts";
import { visibleString } from "../text/visible-text.ts";
import { actions, knowsAllow, type RuleForm } from "./drift-rules.ts";

type Props = {
  form: RuleForm;
  place: number;
  isFirst: boolean;
  isLast: boolean;
  change: (form: RuleForm) => void;
  move: (by: -1 | 1) => void;
  remove: () => void;
};

/** One rule of the policy: where it holds, and what becomes of what did not come with the image. */
export function RuleRow({ form, place, isFirst, isLast, change, move, remove }: Props): ReactElement {
  const { drift: text } = useText();
  const label = text.rule(place, visibleString(form.name));
  const set = (part: Partial<RuleForm>) => change({ ...form, ...part });
  return (
    <li className={`policy-row drift-${form.action}`} aria-label={label}>
      <div className="policy-head">
        <span className="policy-place" aria-hidden="true">
          {place}
        </span>
        <TextInput
          label={text.name}
          value={form.name}
          maxLength={limits.policyNameCharsMax}
          spellCheck={false}
          onChange={({ currentTarget: { value: name } }) => set({ name })}
        />
        <NativeSelect
          label={text.action}
          value={form.action}
          data={actions.map((value) => ({ value, label: text.actions[value] }))}
          onChange={({ currentTarget: { value } }) =>
            set({ action: actions.find((one) => one === value) ?? form.action })
          }
        />
        <span className="policy-moves">
          <ActionIcon variant="subtle" aria-label={text.up(label)} disabled={isFirst} onClick={() => move(-1)}>
            <Icon name="up" />
          </ActionIcon>
          <ActionIcon variant="subtle" aria-label={text.down(label)} disabled={isLast} onClick={() => move(1)}>
            <Icon name="down" />
          </ActionIcon>
          <ActionIcon variant="subtle" aria-label={text.remove(label)} onClick={remove}>
            <Icon name="close" />
          </ActionIcon>
        </span>
      </div>
      {form.action === "block" && (
        <Checkbox
          className="drift-on-trial"
          label={text.trial}
          checked={form.isTrial}
          onChange={({ currentTarget: { checked: isTrial } }) => set({ isTrial })}
        />
      )}
      <div className="policy-lists">
        <ScopeLists scope={form.scope} change={(scope) => set({ scope })} />
        {knowsAllow(form.action) && (
          <PatternList
            label={text.allow}
            placeholder={text.noPrograms}
            value={form.allow}
            change={(allow) => set({ allow })}
          />
        )}
      </div>
    </li>
  );
}
