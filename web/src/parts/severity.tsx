import type { AlertStatus, Severity } from "@atalaya/wire/api";
import type { ReactElement } from "react";
import { useText } from "../text/language.ts";

/** A square in the severity's colour and its name: colour is never the only sign. */
export function SeverityName({ severity }: { severity: Severity }): ReactElement {
  const text = useText();
  return (
    <span className="severity">
      <i className={`s-${severity}`} aria-hidden="true" />
      {text.severity[severity]}
    </span>
  );
}

export function StatusName({ status }: { status: AlertStatus }): ReactElement {
  const text = useText();
  return <span className={`status status-${status}`}>{text.status[status]}</span>;
}
