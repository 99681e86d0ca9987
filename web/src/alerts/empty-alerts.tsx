import type { AlertPage } from "@atalaya/wire/api";
import { Button } from "@mantine/core";
import type { ReactElement } from "react";
import { Command } from "../parts/copy.tsx";
import { Beacon, Icon } from "../parts/icons.tsx";
import { useText } from "../text/language.ts";
import type { AlertFilters } from "./alert-filters.ts";
import { useTestAlert } from "./test-alert.ts";

type Props = { filters: AlertFilters; setFilters: (next: AlertFilters) => void; counts: AlertPage | undefined };

/** An empty list says why it is empty and what the next step is. */
export function EmptyAlerts({ filters, setFilters, counts }: Props): ReactElement {
  const text = useText();
  const { send, sending, allowed } = useTestAlert();
  const any = Object.values(counts?.counts.status ?? {}).some((count) => count > 0);
  if (Object.keys(filters).length > 0) {
    return (
      <div className="panel notice">
        <Icon name="search" size={22} />
        <h2>{text.alerts.noMatchTitle}</h2>
        <p>{text.alerts.noMatchText}</p>
        <Button variant="default" onClick={() => setFilters({})}>
          {text.alerts.clearFilters}
        </Button>
      </div>
    );
  }
  return (
    <div className="panel notice">
      <Beacon size={30} />
      <h2>{any ? text.alerts.calmTitle : text.alerts.emptyTitle}</h2>
      {any ? (
        <>
          <p>{text.alerts.calmText}</p>
          <Button variant="default" onClick={() => setFilters({ status: "all" })}>
            {text.alerts.showAll}
          </Button>
        </>
      ) : (
        <>
          <p>{text.alerts.emptyText}</p>
          <Command command="npx atalaya simulate --local all" />
          <Button variant="default" onClick={send} loading={sending} disabled={!allowed}>
            {text.alerts.emptyTest}
          </Button>
        </>
      )}
    </div>
  );
}
