import type { DriftPolicy } from "@atalaya/wire/api";
import { Button, NativeSelect } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { Card } from "../alert/alert-facts.tsx";
import { hub, type Versioned } from "../api/hub.ts";
import { driftPolicyQuery, policyChangesQuery, queryClient } from "../api/queries.ts";
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
import { formsOf, moved, newForm, type RuleForm, readForms } from "./drift-rules.ts";
import { RuleRow } from "./rule-row.tsx";
import { runTrial, type Trial } from "./run-trial.ts";
import { TrialList } from "./trial-list.tsx";

const hoursOfTrial = [24, 168, 720] as const;

/** The rules in their order. Another policy is put in force only after its dry run was shown. */
export function PolicyEditor({ fetched }: { fetched: Versioned<DriftPolicy> }): ReactElement {
  const text = useText();
  const { canAdmin } = useRights();
  const focus = useRowFocus();
  const [hours, setHours] = useState<number>(hoursOfTrial[0]);
  const [tried, setTried] = useState<{ of: string; trial: Trial }>();
  const say = (error: unknown) => toast(failureText(error, text), "failed");
  const {
    form: forms,
    setForm: setForms,
    isChanged,
    save,
    isSaving,
    refused,
  } = useEditedSetting(fetched, {
    query: driftPolicyQuery,
    read: hub.driftPolicy,
    write: hub.saveDriftPolicy,
    formOf: formsOf,
    differs: (typed, policy) => textOf(readForms(typed)) !== textOf(readForms(formsOf(policy))),
    onShown: () => {
      setTried(undefined);
      void queryClient.invalidateQueries({ queryKey: policyChangesQuery("drift-policy").queryKey });
    },
    onSaved: ({ rules }) => {
      toast(text.drift.inForce(rules.length));
      focus.toStateLine();
    },
    onFailed: say,
  });
  const read = readForms(forms);
  const wanted = textOf(read);
  const isTried = tried !== undefined && tried.of === wanted;
  const tryOut = useMutation({
    mutationFn: async (asked: DriftPolicy) => {
      const sinceUs = (Date.now() - hours * 3_600_000) * 1_000;
      return { of: JSON.stringify(asked), trial: await runTrial(asked, sinceUs) };
    },
    onSuccess: setTried,
    onError: say,
  });
  const replace = (at: number, form: RuleForm) => setForms(forms.with(at, form));
  return (
    <Card title={text.drift.policy}>
      <p className="soft">{text.drift.policyText}</p>
      {forms.length === 0 && <p>{text.drift.noRules}</p>}
      <fieldset className="policy-rows" disabled={!canAdmin || isSaving}>
        <ol ref={focus.rows}>
          {forms.map((form, at) => (
            <RuleRow
              key={form.key}
              form={form}
              place={at + 1}
              isFirst={at === 0}
              isLast={at === forms.length - 1}
              change={(changed) => replace(at, changed)}
              move={(by) => setForms(moved(forms, at, by))}
              remove={() => {
                setForms(forms.filter((one) => one !== form));
                focus.toAddButton();
              }}
            />
          ))}
        </ol>
        <Button
          ref={focus.addButton}
          variant="default"
          leftSection={<Icon name="plus" />}
          onClick={() => {
            setForms([...forms, newForm()]);
            focus.toNewRow();
          }}
        >
          {text.drift.add}
        </Button>
      </fieldset>
      {!read.ok && isChanged && <FormIssues issues={read.issues} rowWord={text.drift.ruleWord} />}
      <div className="actions">
        <NativeSelect
          aria-label={text.drift.since}
          value={String(hours)}
          data={hoursOfTrial.map((one) => ({ value: String(one), label: text.drift.lastHours(one) }))}
          onChange={(event) => {
            setHours(Number(event.currentTarget.value));
            setTried(undefined);
          }}
        />
        <Button
          variant="default"
          disabled={!read.ok}
          loading={tryOut.isPending}
          onClick={() => read.ok && tryOut.mutate(read.policy)}
        >
          {text.drift.tryOut}
        </Button>
        {canAdmin && (
          <Button
            disabled={!read.ok || !isChanged || !isTried}
            loading={isSaving}
            onClick={() => read.ok && save(read.policy)}
          >
            {text.drift.putInForce}
          </Button>
        )}
      </div>
      <p ref={focus.stateLine} className="soft" role="status" tabIndex={-1}>
        {canAdmin
          ? isChanged
            ? isTried
              ? text.drift.readyToPut
              : text.drift.tryFirst
            : text.drift.asInForce
          : text.settings.adminOnly}
      </p>
      {refused && <ChangedMeanwhile message={text.drift.changedMeanwhile} {...refused} />}
      <AskBeforeLeaving isChanged={isChanged} />
      {isTried && <TrialList trial={tried.trial} />}
    </Card>
  );
}
