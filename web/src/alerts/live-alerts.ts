import type { AlertSummary } from "@atalaya/wire/api";
import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import { onAlert } from "../api/stream.ts";
import { limits } from "../limits.ts";
import { type AlertFilters, matchesFilters } from "./alert-filters.ts";
import { addOnTop, replaceInPlace } from "./alert-list.ts";

/**
 * Live alerts for one list. A change to an alert that is shown is drawn where the alert stands. A new one slides in at
 * the top while nobody reads there, and waits while somebody does: the row under the eyes never moves.
 * `reading` says whether somebody does; `arrived` are the ids that slid in last.
 */
export function useLiveAlerts(filters: AlertFilters, reading: RefObject<() => boolean>) {
  const [waiting, setWaiting] = useState<readonly AlertSummary[]>([]);
  const [arrived, setArrived] = useState<ReadonlySet<string>>(new Set());
  const [last, setLast] = useState<AlertSummary>();
  const waitingNow = useRef<readonly AlertSummary[]>([]);

  const keep = useCallback((alerts: readonly AlertSummary[]) => {
    waitingNow.current = alerts.slice(0, limits.waitingMax);
    setWaiting(waitingNow.current);
  }, []);

  const letIn = useCallback(
    (alerts: readonly AlertSummary[]) => {
      addOnTop(filters, alerts);
      setArrived(new Set(alerts.map((one) => one.alert_id)));
    },
    [filters],
  );

  useEffect(() => {
    keep([]);
    return onAlert((alert) => {
      if (replaceInPlace(filters, alert)) return;
      const others = waitingNow.current.filter((one) => one.alert_id !== alert.alert_id);
      if (!matchesFilters(alert, filters)) {
        if (others.length < waitingNow.current.length) keep(others);
        return;
      }
      setLast(alert);
      if (others.length > 0 || reading.current()) keep([alert, ...others]);
      else letIn([alert]);
    });
  }, [filters, keep, letIn, reading]);

  const showWaiting = useCallback(() => {
    letIn(waitingNow.current);
    keep([]);
  }, [keep, letIn]);

  return { waiting, showWaiting, arrived, last };
}
