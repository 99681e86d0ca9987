import { Button } from "@mantine/core";
import type { ReactElement } from "react";
import { Icon } from "../parts/icons.tsx";
import { useText } from "../text/language.ts";
import type { ListActions } from "./list-actions.ts";

/** What can be done to the selected alerts, at the foot of the window. */
export function BulkBar({
  count,
  actions,
  clear,
}: {
  count: number;
  actions: ListActions;
  clear: () => void;
}): ReactElement | null {
  const text = useText();
  if (count === 0) return null;
  return (
    <div className="bulk" role="toolbar" aria-label={text.alerts.selected(count)}>
      <b>{text.alerts.selected(count)}</b>
      <Button onClick={actions.acknowledge} disabled={!actions.allowed}>
        {text.alerts.acknowledge}
      </Button>
      <Button variant="default" onClick={actions.resolve} disabled={!actions.allowed}>
        {text.alerts.resolve}
      </Button>
      <button type="button" className="icon-button" aria-label={text.alerts.clearSelection} onClick={clear}>
        <Icon name="close" />
      </button>
    </div>
  );
}
