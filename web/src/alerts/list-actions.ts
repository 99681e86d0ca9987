import type { AlertAction, AlertSummary } from "@atalaya/wire/api";
import { queryClient } from "../api/queries.ts";
import { limits } from "../limits.ts";
import { failureText } from "../parts/failure.tsx";
import { toast } from "../parts/toasts.tsx";
import { useRights } from "../shell/session.ts";
import { useText } from "../text/language.ts";
import { actOnAlerts } from "./act-on-alerts.ts";
import type { AlertFilters } from "./alert-filters.ts";
import { dropUnmatched } from "./alert-list.ts";

export type ListState = {
  filters: AlertFilters;
  alerts: readonly AlertSummary[];
  cursor: string | undefined;
  setCursor: (id: string | undefined) => void;
  selected: ReadonlySet<string>;
  setSelected: (ids: ReadonlySet<string>) => void;
};
export type ListActions = { acknowledge: () => void; resolve: () => void; allowed: boolean };

/** Acknowledge and resolve what is selected, else the row under the cursor; with a way back for some seconds. */
export function useListActions(state: ListState): ListActions {
  const text = useText();
  const { canAct } = useRights();

  const act = async (kind: "acknowledge" | "resolve") => {
    const chosen = targets(state).filter(
      (one) => one.status === "new" || (kind === "resolve" && one.status !== "resolved"),
    );
    const ids = chosen.map((one) => one.alert_id);
    if (ids.length === 0) return;
    if (ids.length > limits.bulkMax) return toast(text.alerts.tooMany(limits.bulkMax), "failed");
    if (!canAct) return toast(text.alerts.viewerOnly, "failed");
    const { filters } = state;
    const after = nextCursor(state, ids);
    const result = await actOnAlerts(ids, { action: kind, text: "" } satisfies AlertAction, filters);
    dropUnmatched(filters);
    state.setSelected(new Set());
    if (kind === "resolve" && filters.status !== "all") state.setCursor(after);
    if (result.failed > 0) {
      toast(`${text.alerts.someFailed(result.failed)}. ${failureText(result.refusal, text)}`, "failed");
    }
    if (result.done.length === 0) return;
    const said = kind === "acknowledge" ? text.alerts.acknowledged : text.alerts.resolved;
    toast(
      said(result.done.length),
      "done",
      () =>
        void undo(
          chosen.filter((one) => result.done.includes(one.alert_id)),
          filters,
        ),
    );
  };
  return { acknowledge: () => void act("acknowledge"), resolve: () => void act("resolve"), allowed: canAct };
}

/** Puts each alert back to what it was. */
async function undo(before: readonly AlertSummary[], filters: AlertFilters): Promise<void> {
  const ids = (status: AlertSummary["status"]) =>
    before.filter((one) => one.status === status).map((one) => one.alert_id);
  await actOnAlerts(ids("new"), { action: "reopen", text: "" }, filters);
  await actOnAlerts(ids("acknowledged"), { action: "acknowledge", text: "" }, filters);
  await queryClient.invalidateQueries({ queryKey: ["alerts"] });
}

function targets({ alerts, cursor, selected }: ListState): AlertSummary[] {
  return alerts.filter((one) => (selected.size > 0 ? selected.has(one.alert_id) : one.alert_id === cursor));
}

/** The row that takes the cursor when those with it are gone: the next one below that stays, else the last above. */
function nextCursor({ alerts, cursor }: ListState, gone: readonly string[]): string | undefined {
  const at = alerts.findIndex((one) => one.alert_id === cursor);
  if (at < 0) return undefined;
  const stays = (one: AlertSummary) => !gone.includes(one.alert_id);
  return (alerts.slice(at).find(stays) ?? alerts.slice(0, at).findLast(stays))?.alert_id;
}
