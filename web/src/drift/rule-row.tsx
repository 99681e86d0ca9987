import { ActionIcon, Checkbox, NativeSelect, Textarea, TextInput } from "@mantine/core";
import type { ReactElement } from "react";
import { limits } from "../limits.ts";
import { Icon } from "../parts/icons.tsx";
import { useText } from "../text/language.ts";
import { visibleString } from "../text/visible-text.ts";
import { actions, type ListName, listsOf, type RuleForm } from "./drift-rules.ts";

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
    <li className={`drift-rule drift-${form.action}`} aria-label={label}>
      <div className="drift-head">
        <span className="drift-place" aria-hidden="true">
          {place}
        </span>
        <TextInput
          label={text.name}
          value={form.name}
          maxLength={limits.driftNameCharsMax}
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
        <span className="drift-moves">
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
      <div className="drift-lists">
        {listsOf(form.action).map((name) => (
          <PatternList
            key={name}
            name={name}
            value={form.lists[name]}
            change={(value) => set({ lists: { ...form.lists, [name]: value } })}
          />
        ))}
      </div>
    </li>
  );
}

function PatternList(props: { name: ListName; value: string; change: (value: string) => void }): ReactElement {
  const { drift: text } = useText();
  const { name, value, change } = props;
  return (
    <Textarea
      label={text.lists[name]}
      placeholder={name === "allow" ? text.noPrograms : text.anything}
      value={value}
      autosize
      minRows={1}
      maxRows={6}
      maxLength={limits.driftListCharsMax}
      spellCheck={false}
      classNames={{ input: "mono" }}
      onChange={(event) => change(event.currentTarget.value)}
    />
  );
}
