import type { Alert, AlertAction } from "@atalaya/wire/api";
import { Button, Menu } from "@mantine/core";
import { type ReactElement, useEffect } from "react";
import { Ago } from "../parts/ago.tsx";
import { CopyButton } from "../parts/copy.tsx";
import { Plain, Sentence } from "../parts/plain.tsx";
import { SeverityName, StatusName } from "../parts/severity.tsx";
import { useRights } from "../shell/session.ts";
import { duration, fullTime, number } from "../text/format.ts";
import { useLanguage, usePick, useText } from "../text/language.ts";
import { visibleString } from "../text/visible-text.ts";

type Props = { alert: Alert; act: (action: AlertAction["action"]) => void };

/** The sentence that one would say to a colleague, and what can be done about it. */
export function AlertHead({ alert, act }: Props): ReactElement {
  const text = useText();
  const language = useLanguage();
  const pick = usePick();
  const title = visibleString(pick(alert.title));
  useEffect(() => {
    document.title = `${title} · Atalaya`;
    return () => {
      document.title = "Atalaya";
    };
  }, [title]);
  return (
    <div className={`panel card head edge-${alert.severity}`}>
      <div className="head-facts">
        <SeverityName severity={alert.severity} />
        <StatusName status={alert.status} />
        {alert.muted && <span className="tag">{text.alerts.muted}</span>}
        <span>{alert.assignee === null ? "" : text.alert.assignedTo(visibleString(alert.assignee))}</span>
        <span title={fullTime(alert.first_seen_us, language)}>
          {text.alert.first} <Ago us={alert.first_seen_us} />
        </span>
        {alert.count > 1 && (
          <span>
            {text.alert.last} <Ago us={alert.last_seen_us} /> · <b>×{number(alert.count, language)}</b>
          </span>
        )}
        <span className="delay">
          {text.alert.delay(duration(Math.max(0, alert.committed_us - alert.first_seen_us), language))}
        </span>
      </div>
      <h1 id="alert-title">{title}</h1>
      <p className="lead">
        <Sentence text={pick(alert.summary)} />
      </p>
      <p className="description">
        <Plain text={pick(alert.description)} />
      </p>
      <Actions alert={alert} act={act} />
    </div>
  );
}

function Actions({ alert, act }: Props): ReactElement {
  const text = useText();
  const { canAct } = useRights();
  const button = (action: AlertAction["action"], variant: "filled" | "default") => (
    <Button variant={variant} disabled={!canAct} onClick={() => act(action)}>
      {text.action[action]}
    </Button>
  );
  return (
    <div className="actions">
      {alert.status === "new" && button("acknowledge", "filled")}
      {alert.status === "resolved"
        ? button("reopen", "filled")
        : button("resolve", alert.status === "new" ? "default" : "filled")}
      {button("assign", "default")}
      {button("comment", "default")}
      <Menu position="bottom-end" shadow="md">
        <Menu.Target>
          <Button variant="default" aria-label="…" disabled={!canAct}>
            …
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => act(alert.muted ? "unmute" : "mute")}>
            {alert.muted ? text.action.unmute : text.action.mute}
          </Menu.Item>
          {alert.status === "acknowledged" && <Menu.Item onClick={() => act("reopen")}>{text.action.reopen}</Menu.Item>}
        </Menu.Dropdown>
      </Menu>
      <CopyButton
        value={`${location.origin}/alerts/${encodeURIComponent(alert.alert_id)}`}
        label={text.alert.copyLink}
        icon="link"
      />
      {!canAct && <span className="soft">{text.alerts.viewerOnly}</span>}
    </div>
  );
}
