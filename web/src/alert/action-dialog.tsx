import type { Alert, AlertAction } from "@atalaya/wire/api";
import { Button, Modal, Textarea, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, type KeyboardEvent, type ReactElement, useEffect, useState } from "react";
import { takeChanged } from "../alerts/act-on-alerts.ts";
import type { AlertFilters } from "../alerts/alert-filters.ts";
import { hub } from "../api/hub.ts";
import { queryClient } from "../api/queries.ts";
import { limits } from "../limits.ts";
import { failureText } from "../parts/failure.tsx";
import { useRights } from "../shell/session.ts";
import { useText } from "../text/language.ts";

type Props = {
  alert: Alert;
  action: AlertAction["action"] | undefined;
  close: () => void;
  filters: AlertFilters;
};

/** Every action can say why: a comment, and for "assign" to whom. */
export function ActionDialog({ alert, action, close, filters }: Props): ReactElement {
  const text = useText();
  return (
    <Modal
      opened={action !== undefined}
      onClose={close}
      title={action === undefined ? "" : text.action[action]}
      closeButtonProps={{ "aria-label": text.shell.close }}
    >
      {action !== undefined && <ActionForm alert={alert} action={action} close={close} filters={filters} />}
    </Modal>
  );
}

function ActionForm({ alert, action, close, filters }: Props & { action: AlertAction["action"] }): ReactElement {
  const text = useText();
  const { user } = useRights();
  const [comment, setComment] = useState("");
  const [assignee, setAssignee] = useState(alert.assignee ?? user);
  const send = useMutation({
    mutationFn: (to: string | null) =>
      hub.act(alert.alert_id, { action, text: comment.trim(), ...(action === "assign" ? { assignee: to } : {}) }),
    onSuccess: (changed) => {
      takeChanged(changed, filters);
      void queryClient.invalidateQueries({ queryKey: ["alert-counts"] });
      close();
    },
  });
  useEffect(() => send.reset, [send.reset]);
  const needsText = action === "comment";
  const ready = !send.isPending && !(needsText && comment.trim() === "");
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    if (ready) send.mutate(assignee.trim() === "" ? null : assignee.trim());
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit();
  };
  return (
    <form onSubmit={submit} className="action-form">
      {text.action.explain[action] !== "" && <p>{text.action.explain[action]}</p>}
      {action === "assign" && (
        <div className="assign">
          <TextInput
            label={text.action.assignee}
            value={assignee}
            maxLength={128}
            onChange={(event) => setAssignee(event.currentTarget.value)}
          />
          <Button variant="default" onClick={() => setAssignee(user)}>
            {text.action.toMe}
          </Button>
          <Button variant="default" onClick={() => setAssignee("")}>
            {text.action.nobody}
          </Button>
        </div>
      )}
      <Textarea
        label={needsText ? text.action.text : `${text.action.text} (${text.action.optional})`}
        placeholder={text.action.placeholder}
        rows={4}
        maxLength={limits.commentCharsMax}
        value={comment}
        onChange={(event) => setComment(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        data-autofocus
      />
      {send.isError && (
        <p className="login-error" role="alert">
          {failureText(send.error, text)}
        </p>
      )}
      <div className="dialog-buttons">
        <Button variant="default" onClick={close}>
          {text.shell.cancel}
        </Button>
        <Button type="submit" disabled={!ready} loading={send.isPending}>
          {text.action[action]}
        </Button>
      </div>
    </form>
  );
}
