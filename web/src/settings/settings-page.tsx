import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { Card } from "../alert/alert-facts.tsx";
import { useTestAlert } from "../alerts/test-alert.ts";
import { notificationQuery, statusQuery } from "../api/queries.ts";
import { Ago } from "../parts/ago.tsx";
import { Loaded } from "../parts/loaded.tsx";
import { useRights } from "../shell/session.ts";
import { Switches } from "../shell/switches.tsx";
import { TrustLine } from "../shell/trust-line.tsx";
import { mebibytes, number } from "../text/format.ts";
import { useLanguage, useText } from "../text/language.ts";
import { NotificationForm } from "./notification-form.tsx";

/** Where alerts are sent, how the page looks, what this hub is. */
export function SettingsPage(): ReactElement {
  const text = useText();
  const query = useQuery(notificationQuery);
  const testAlert = useTestAlert();
  const { canAdmin } = useRights();
  return (
    <>
      <header className="top">
        <h1>{text.settings.title}</h1>
        <TrustLine />
      </header>
      <div className="two settings">
        <div>
          <Loaded query={query}>{(fetched) => <NotificationForm fetched={fetched} />}</Loaded>
        </div>
        <div>
          <Card title={text.settings.display}>
            <Switches />
          </Card>
          <Card title={text.settings.testAlert}>
            <p className="soft">{text.settings.testAlertText}</p>
            <Button
              variant="default"
              onClick={testAlert.send}
              loading={testAlert.sending}
              disabled={!testAlert.allowed}
            >
              {text.alerts.emptyTest}
            </Button>
          </Card>
          <HubCard />
          {canAdmin && (
            <Card title={text.changes.title}>
              <p className="soft">{text.changes.intro}</p>
              <Button variant="default" component={Link} to="/changes">
                {text.changes.open}
              </Button>
            </Card>
          )}
        </div>
      </div>
    </>
  );
}

function HubCard(): ReactElement | null {
  const text = useText();
  const language = useLanguage();
  const { data: status } = useQuery(statusQuery);
  if (status === undefined) return null;
  return (
    <Card title={text.settings.hub}>
      <dl className="wide">
        <dt>{text.settings.version}</dt>
        <dd>{status.version}</dd>
        <dt>{text.settings.started}</dt>
        <dd>
          <Ago us={status.started_us} />
        </dd>
        <dt>{text.settings.eventsTotal}</dt>
        <dd>{number(status.events_total, language)}</dd>
        <dt>{text.settings.eventsPerSecond}</dt>
        <dd>{number(status.events_per_second, language)}</dd>
        {status.store_bytes !== undefined && (
          <>
            <dt>{text.settings.storeBytes}</dt>
            <dd>{mebibytes(status.store_bytes, language)}</dd>
          </>
        )}
        <dt>{text.settings.alertsOpen}</dt>
        <dd>{number(status.alerts_open, language)}</dd>
        <dt>{text.settings.rulesOn}</dt>
        <dd>
          {status.rules_enabled} / {status.rules_total}
        </dd>
      </dl>
    </Card>
  );
}
