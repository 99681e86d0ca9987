import { type Notification, notificationSchema, severities } from "@atalaya/wire/api";
import { Button, Checkbox, NativeSelect, Switch, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { FormEvent, ReactElement } from "react";
import { Card } from "../alert/alert-facts.tsx";
import { hub, type Versioned } from "../api/hub.ts";
import { notificationQuery } from "../api/queries.ts";
import { ChangedMeanwhile } from "../parts/changed-meanwhile.tsx";
import { failureText } from "../parts/failure.tsx";
import { Icon } from "../parts/icons.tsx";
import { toast } from "../parts/toasts.tsx";
import { AskBeforeLeaving } from "../policy/ask-before-leaving.tsx";
import { useEditedSetting } from "../policy/edited-setting.ts";
import { useRights } from "../shell/session.ts";
import { useText } from "../text/language.ts";
import { visibleString } from "../text/visible-text.ts";

/** The one address that alerts are sent to, with a test that says whether it arrived. */
export function NotificationForm({ fetched }: { fetched: Versioned<Notification> }): ReactElement {
  const text = useText();
  const { canAdmin } = useRights();
  const { form, setForm, opened, isChanged, save, isSaving, refused } = useEditedSetting(fetched, {
    query: notificationQuery,
    read: hub.notification,
    write: hub.saveNotification,
    formOf: (value): Notification => value,
    differs: (typed, value) => JSON.stringify(typed) !== JSON.stringify(value),
    onSaved: () => toast(text.settings.saved),
    onFailed: (error) => toast(failureText(error, text), "failed"),
  });
  const set = (change: Partial<Notification>) => setForm({ ...form, ...change });
  const urlProblem = problemOf(form, text.settings);
  const test = useMutation({ mutationFn: hub.testNotification });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (urlProblem === undefined) save({ ...form, file: form.file?.trim() || null });
  };
  return (
    <Card title={text.settings.notification}>
      <form onSubmit={submit} className="settings-form">
        <p className="soft">{text.settings.notificationText}</p>
        <fieldset disabled={!canAdmin || isSaving}>
          <Switch
            label={text.settings.enabled}
            checked={form.enabled}
            onChange={(event) => set({ enabled: event.currentTarget.checked })}
          />
          <TextInput
            label={text.settings.url}
            type="url"
            value={form.url}
            maxLength={2048}
            spellCheck={false}
            error={isChanged ? urlProblem : undefined}
            placeholder="https://hooks.example.org/…"
            onChange={(event) => set({ url: event.currentTarget.value.trim() })}
          />
          <div className="side-by-side">
            <NativeSelect
              label={text.settings.shape}
              value={form.shape}
              data={(["json", "slack", "falco"] as const).map((one) => ({
                value: one,
                label: text.settings.shapes[one],
              }))}
              onChange={(event) => set({ shape: notificationSchema.shape.shape.parse(event.currentTarget.value) })}
            />
            <NativeSelect
              label={text.settings.minSeverity}
              value={form.min_severity}
              data={severities.map((one) => ({ value: one, label: text.severity[one] }))}
              onChange={(event) =>
                set({ min_severity: severities.find((one) => one === event.currentTarget.value) ?? "low" })
              }
            />
          </div>
          <Checkbox
            label={text.settings.stdout}
            checked={form.stdout}
            onChange={(event) => set({ stdout: event.currentTarget.checked })}
          />
          <TextInput
            label={text.settings.file}
            className="mono-input"
            value={form.file ?? ""}
            maxLength={1024}
            spellCheck={false}
            placeholder={text.settings.filePlaceholder}
            onChange={(event) => set({ file: event.currentTarget.value === "" ? null : event.currentTarget.value })}
          />
          <div className="actions">
            <Button type="submit" disabled={!isChanged || urlProblem !== undefined} loading={isSaving}>
              {text.settings.save}
            </Button>
            <Button
              variant="default"
              disabled={isChanged || opened.url === ""}
              loading={test.isPending}
              onClick={() => test.mutate()}
            >
              {text.settings.test}
            </Button>
            {isChanged && <span className="soft">{text.settings.unsaved}</span>}
          </div>
        </fieldset>
        {refused && <ChangedMeanwhile message={text.settings.changedMeanwhile} {...refused} />}
        {!canAdmin && <p className="soft">{text.settings.adminOnly}</p>}
        <AskBeforeLeaving isChanged={isChanged} />
        <div role="status">
          {test.data !== undefined && (
            <p className={test.data.ok ? "good" : "login-error"}>
              <Icon name={test.data.ok ? "check" : "warning"} />{" "}
              {test.data.ok ? text.settings.testOk : text.settings.testFailed} {visibleString(test.data.detail)}
            </p>
          )}
          {test.isError && <p className="login-error">{failureText(test.error, text)}</p>}
        </div>
      </form>
    </Card>
  );
}

function problemOf(form: Notification, text: { badUrl: string; urlNeeded: string }): string | undefined {
  if (form.url === "") return form.enabled ? text.urlNeeded : undefined;
  return URL.canParse(form.url) && /^https?:$/.test(new URL(form.url).protocol) ? undefined : text.badUrl;
}
