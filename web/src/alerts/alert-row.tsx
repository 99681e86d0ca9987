import type { AlertSummary } from "@atalaya/wire/api";
import { Checkbox } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type ReactElement, useEffect, useRef } from "react";
import { Ago } from "../parts/ago.tsx";
import { DoneByTag } from "../parts/done-by-tag.tsx";
import { Plain, Sentence } from "../parts/plain.tsx";
import { usePick, useText } from "../text/language.ts";
import { visibleString } from "../text/visible-text.ts";
import type { AlertFilters } from "./alert-filters.ts";
import { wherePath } from "./where-path.ts";

type Props = {
  alert: AlertSummary;
  filters: AlertFilters;
  current: boolean;
  selected: boolean;
  arrived: boolean;
  toggle: () => void;
  focus: () => void;
};

/** One alert in the list: severity as a bar, the title, a sentence with the decisive value, where, how often, when. */
export function AlertRow({ alert, filters, current, selected, arrived, toggle, focus }: Props): ReactElement {
  const text = useText();
  const pick = usePick();
  const title = visibleString(pick(alert.title));
  const link = useRef<HTMLAnchorElement>(null);
  // The keyboard's cursor takes the focus along, so that a screen reader reads the row.
  useEffect(() => {
    if (current && document.activeElement !== link.current) link.current?.focus({ preventScroll: true });
  }, [current]);
  const classes = ["row", current && "current", selected && "selected", arrived && "arrived", `is-${alert.status}`];
  return (
    <div className={classes.filter(Boolean).join(" ")} data-alert={alert.alert_id}>
      <span className={`bar s-${alert.severity}`} aria-hidden="true" />
      <Checkbox
        className="row-check"
        size="xs"
        checked={selected}
        onChange={toggle}
        aria-label={text.alerts.select(title)}
        tabIndex={-1}
      />
      <Link
        ref={link}
        to="/alerts/$alertId"
        params={{ alertId: alert.alert_id }}
        search={filters}
        className="row-link"
        onFocus={(event) => {
          if (event.currentTarget.matches(":focus-visible") && !current) focus();
        }}
      >
        <span className="row-text">
          <span className="row-title">
            <span className="visually-hidden">{text.severity[alert.severity]}: </span>
            <span className="row-name">{title}</span>{" "}
            {alert.status === "new" && <span className="new">{text.status.new.toLowerCase()}</span>}
            {alert.status === "resolved" && <span className="tag">{text.status.resolved.toLowerCase()}</span>}
            {alert.by !== undefined && <DoneByTag {...alert.by} />}
            {alert.muted && <span className="tag">{text.alerts.muted}</span>}
            {alert.assignee !== null && <span className="tag who">@{visibleString(alert.assignee)}</span>}
          </span>
          <span className="row-sentence">
            <Sentence text={pick(alert.summary)} />
          </span>
        </span>
        <Where alert={alert} />
        <span className="row-count" title={text.alerts.times(alert.count)}>
          {alert.count > 1 ? `×${alert.count}` : ""}
        </span>
        <span className="row-when">
          <Ago us={alert.last_seen_us} />
        </span>
      </Link>
    </div>
  );
}

function Where({ alert }: { alert: AlertSummary }): ReactElement {
  const parts = wherePath(alert);
  return (
    <span className="row-where" title={parts.map((part) => visibleString(part.text)).join(" / ")}>
      {parts.map(({ name, text, main }) => (
        <span key={name} className={main ? "main" : text.length <= 8 ? "short" : undefined}>
          <Plain text={text} />
        </span>
      ))}
    </span>
  );
}
