import type { Rule } from "@atalaya/wire/api";
import { Button, Modal, Switch } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { hub } from "../api/hub.ts";
import { queryClient } from "../api/queries.ts";
import { failureText } from "../parts/failure.tsx";
import { toast } from "../parts/toasts.tsx";
import { useRights } from "../shell/session.ts";
import { usePick, useText } from "../text/language.ts";
import { visibleString } from "../text/visible-text.ts";

/** Switches a rule; off only after a question, because nobody is told any more. */
export function RuleSwitch({ rule }: { rule: Rule }): ReactElement {
  const text = useText();
  const pick = usePick();
  const { canAdmin } = useRights();
  const [asking, setAsking] = useState(false);
  const change = useMutation({
    mutationFn: (enabled: boolean) => hub.switchRule(rule.rule, enabled),
    onSuccess: (changed) => {
      queryClient.setQueryData<Rule[]>(["rules"], (rules) =>
        rules?.map((one) => (one.rule === changed.rule ? changed : one)),
      );
      void queryClient.invalidateQueries({ queryKey: ["status"] });
      toast(changed.enabled ? text.rules.switchedOn : text.rules.switchedOff);
      setAsking(false);
    },
    onError: (error) => toast(failureText(error, text), "failed"),
  });
  return (
    <>
      <Switch
        checked={rule.enabled}
        disabled={!canAdmin || change.isPending}
        title={canAdmin ? undefined : text.rules.adminOnly}
        aria-label={text.rules.switchLabel(visibleString(pick(rule.title)))}
        onChange={(event) => (event.currentTarget.checked ? change.mutate(true) : setAsking(true))}
      />
      <Modal
        opened={asking}
        onClose={() => setAsking(false)}
        title={text.rules.confirmOff}
        closeButtonProps={{ "aria-label": text.shell.close }}
      >
        <p>
          <b>{visibleString(pick(rule.title))}</b>
        </p>
        <p>{text.rules.confirmOffText}</p>
        <div className="dialog-buttons">
          <Button variant="default" onClick={() => setAsking(false)}>
            {text.shell.cancel}
          </Button>
          <Button loading={change.isPending} onClick={() => change.mutate(false)} data-autofocus>
            {text.rules.confirmOffButton}
          </Button>
        </div>
      </Modal>
    </>
  );
}
