import { type RecorderPolicy, recorderLimits } from "@atalaya/wire/api";
import { Button } from "@mantine/core";
import type { ReactElement } from "react";
import { Card } from "../alert/alert-facts.tsx";
import { hub, type Versioned } from "../api/hub.ts";
import { policyChangesQuery, queryClient, recorderPolicyQuery, sensorsQuery } from "../api/queries.ts";
import { ChangedMeanwhile } from "../parts/changed-meanwhile.tsx";
import { failureText } from "../parts/failure.tsx";
import { Icon } from "../parts/icons.tsx";
import { toast } from "../parts/toasts.tsx";
import { AskBeforeLeaving } from "../policy/ask-before-leaving.tsx";
import { useEditedSetting } from "../policy/edited-setting.ts";
import { FormIssues } from "../policy/form-issues.tsx";
import { textOf } from "../policy/read-forms.ts";
import { useRowFocus } from "../policy/row-focus.ts";
import { useRights } from "../shell/session.ts";
import { useText } from "../text/language.ts";
import { formsOf, newScope, readForms } from "./scope-forms.ts";
import { ScopeRow } from "./scope-row.tsx";

/** The scopes: whoever one of them names is recorded. */
export function ScopeEditor({ fetched }: { fetched: Versioned<RecorderPolicy> }): ReactElement {
  const text = useText();
  const { recording } = text;
  const { canAdmin } = useRights();
  const focus = useRowFocus();
  const { form, setForm, opened, isChanged, save, isSaving, refused } = useEditedSetting(fetched, {
    query: recorderPolicyQuery,
    read: hub.recorderPolicy,
    write: hub.saveRecorderPolicy,
    formOf: formsOf,
    differs: (typed, policy) => textOf(readForms(typed)) !== textOf(readForms(formsOf(policy))),
    onShown: () => {
      for (const { queryKey } of [policyChangesQuery("recorder-policy"), sensorsQuery])
        void queryClient.invalidateQueries({ queryKey });
    },
    onSaved: ({ scopes }) => {
      toast(recording.inForce(scopes.length));
      focus.toStateLine();
    },
    onFailed: (error) => toast(failureText(error, text), "failed"),
  });
  const read = readForms(form);
  const state = isChanged ? recording.notYet : recording.asInForce;
  return (
    <Card title={recording.policy}>
      <p className="soft">{recording.policyText}</p>
      {form.length === 0 && (
        <div className="policy-none">
          <Icon name="record" size={22} />
          <p>{opened.scopes.length === 0 ? recording.none : recording.noneThen}</p>
          <p className="soft">{recording.noneHint}</p>
        </div>
      )}
      <fieldset className="policy-rows" disabled={!canAdmin || isSaving}>
        <ol ref={focus.rows}>
          {form.map((scope, at) => (
            <ScopeRow
              key={scope.key}
              form={scope}
              place={at + 1}
              change={(changed) => setForm(form.with(at, changed))}
              remove={() => {
                setForm(form.filter((one) => one !== scope));
                focus.toAddButton();
              }}
            />
          ))}
        </ol>
        {canAdmin && (
          <Button
            ref={focus.addButton}
            variant="default"
            leftSection={<Icon name="plus" />}
            disabled={form.length >= recorderLimits.scopesMax}
            onClick={() => {
              setForm([...form, newScope()]);
              focus.toNewRow();
            }}
          >
            {recording.add}
          </Button>
        )}
      </fieldset>
      {!read.ok && isChanged && <FormIssues issues={read.issues} rowWord={recording.scopeWord} />}
      {canAdmin && (
        <div className="actions">
          <Button disabled={!read.ok || !isChanged} loading={isSaving} onClick={() => read.ok && save(read.policy)}>
            {recording.putInForce}
          </Button>
          <Button variant="default" disabled={!isChanged || isSaving} onClick={() => setForm(formsOf(opened))}>
            {recording.discard}
          </Button>
        </div>
      )}
      <p ref={focus.stateLine} className="soft" role="status" tabIndex={-1}>
        {canAdmin ? state : text.settings.adminOnly}
      </p>
      {refused && <ChangedMeanwhile message={recording.changedMeanwhile} {...refused} />}
      <AskBeforeLeaving isChanged={isChanged} />
    </Card>
  );
}
