import type { Alert, AlertAction } from "@atalaya/wire/api";
import { hub } from "../api/hub.ts";
import { queryClient } from "../api/queries.ts";
import { limits } from "../limits.ts";
import type { AlertFilters } from "./alert-filters.ts";
import { replaceInPlace } from "./alert-list.ts";

/** Does one action to many alerts, a few at a time; returns which were changed and the first refusal. */
export async function actOnAlerts(
  ids: readonly string[],
  action: AlertAction,
  filters: AlertFilters,
): Promise<{ done: string[]; failed: number; refusal: unknown }> {
  const queue = [...ids];
  const done: string[] = [];
  let failed = 0;
  let refusal: unknown;
  const worker = async () => {
    for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
      try {
        takeChanged(await hub.act(id, action), filters);
        done.push(id);
      } catch (error) {
        failed += 1;
        refusal ??= error;
      }
    }
  };
  await Promise.all(Array.from({ length: limits.bulkParallel }, worker));
  void queryClient.invalidateQueries({ queryKey: ["alert-counts"] });
  return { done, failed, refusal };
}

/** Puts the changed alert everywhere it is shown. */
export function takeChanged(alert: Alert, filters: AlertFilters): void {
  queryClient.setQueryData(["alert", alert.alert_id], alert);
  replaceInPlace(filters, alert);
}
