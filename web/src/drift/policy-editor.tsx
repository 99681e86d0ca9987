import type { DriftPolicy } from "@atalaya/wire/api";
import { Button, NativeSelect } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type ReactElement, useMemo, useState } from "react";
import { Card } from "../alert/alert-facts.tsx";
import { hub } from "../api/hub.ts";
import { driftPolicyQuery, queryClient } from "../api/queries.ts";
import { ChangedMeanwhile, wasChanged } from "../parts/changed-meanwhile.tsx";
import { failureText } from "../parts/failure.tsx";
import { Icon } from "../parts/icons.tsx";
import { keyed, Plain } from "../parts/plain.tsx";
import { toast } from "../parts/toasts.tsx";
import { useRights } from "../shell/session.ts";
import { useText } from "../text/language.ts";
import { formsOf, moved, newForm, type RuleForm, readForms } from "./drift-rules.ts";
import { RuleRow } from "./rule-row.tsx";
import { runTrial, type Trial } from "./run-trial.ts";
import { TrialList } from "./trial-list.tsx";

const hoursOfTrial = [24, 168, 720] as const;

/** As the forms write it. */
function textOf(policy: DriftPolicy): string | undefined {
  const read = readForms(formsOf(policy));
  return read.ok ? JSON.stringify(read.policy) : undefined;
}

/** The rules in their order. Another policy is put in force only after its dry run was shown. */
export function PolicyEditor({ policy, version }: { policy: DriftPolicy; version: string | null }): ReactElement {
  const text = useText();
  const { canAdmin } = useRights();
  const [forms, setForms] = useState(() => formsOf(policy));
  const [hours, setHours] = useState<number>(hoursOfTrial[0]);
  const [tried, setTried] = useState<{ of: string; trial: Trial }>();
  const read = readForms(forms);
  const wanted = read.ok ? JSON.stringify(read.policy) : undefined;
  const isChanged = wanted !== useMemo(() => textOf(policy), [policy]);
  const isTried = tried !== undefined && tried.of === wanted;
  const say = (error: unknown) => toast(failureText(error, text), "failed");
  const tryOut = useMutation({
    mutationFn: async (asked: DriftPolicy) => {
      const sinceUs = (Date.now() - hours * 3_600_000) * 1_000;
      return { of: JSON.stringify(asked), trial: await runTrial(asked, sinceUs) };
    },
    onSuccess: setTried,
    onError: say,
  });
  const save = useMutation({
    mutationFn: (asked: DriftPolicy) => hub.saveDriftPolicy(asked, version),
    onSuccess: (saved) => {
      queryClient.setQueryData(driftPolicyQuery.queryKey, saved);
      show(saved.value);
      toast(text.drift.inForce(saved.value.rules.length));
    },
    onError: (error) => wasChanged(error) || say(error),
  });
  const loadAnew = useMutation({
    mutationFn: () => queryClient.fetchQuery({ ...driftPolicyQuery, staleTime: 0 }),
    onSuccess: ({ value }) => {
      save.reset();
      show(value);
    },
    onError: say,
  });
  const show = (shown: DriftPolicy) => {
    setForms(formsOf(shown));
    setTried(undefined);
    void queryClient.invalidateQueries({ queryKey: ["drift-changes"] });
  };
  const replace = (at: number, form: RuleForm) => setForms(forms.with(at, form));
  return (
    <Card title={text.drift.policy}>
      <p className="soft">{text.drift.policyText}</p>
      {forms.length === 0 && <p>{text.drift.noRules}</p>}
      <fieldset className="drift-rules" disabled={!canAdmin || save.isPending}>
        <ol>
          {forms.map((form, at) => (
            <RuleRow
              key={form.key}
              form={form}
              place={at + 1}
              isFirst={at === 0}
              isLast={at === forms.length - 1}
              change={(changed) => replace(at, changed)}
              move={(by) => setForms(moved(forms, at, by))}
              remove={() => setForms(forms.filter((one) => one !== form))}
            />
          ))}
        </ol>
        <Button variant="default" leftSection={<Icon name="plus" />} onClick={() => setForms([...forms, newForm()])}>
          {text.drift.add}
        </Button>
      </fieldset>
      {!read.ok && isChanged && (
        <ul className="drift-issues" role="alert">
          {keyed(read.issues).map(([key, { rule, message }]) => (
            <li key={key}>
              <Plain text={rule === "" ? message : `${text.drift.ruleWord} ${rule}: ${message}`} />
            </li>
          ))}
        </ul>
      )}
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
            loading={save.isPending}
            onClick={() => read.ok && save.mutate(read.policy)}
          >
            {text.drift.putInForce}
          </Button>
        )}
      </div>
      <p className="soft" role="status">
        {canAdmin
          ? isChanged
            ? isTried
              ? text.drift.readyToPut
              : text.drift.tryFirst
            : text.drift.asInForce
          : text.settings.adminOnly}
      </p>
      {wasChanged(save.error) && (
        <ChangedMeanwhile
          message={text.drift.changedMeanwhile}
          load={() => loadAnew.mutate()}
          isLoading={loadAnew.isPending}
        />
      )}
      {isTried && <TrialList trial={tried.trial} />}
    </Card>
  );
}
