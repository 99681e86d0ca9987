import { useNavigate } from "@tanstack/react-router";
import type { RefObject } from "react";
import { useKeys } from "../parts/keys.ts";
import type { ListActions, ListState } from "./list-actions.ts";

type Hands = ListState & {
  actions: ListActions;
  searchBox: RefObject<HTMLInputElement | null>;
  showWaiting: () => void;
  scrollTo: RefObject<(index: number) => void>;
};

/** The keys of the list. */
export function useListKeys(hands: Hands): void {
  const navigate = useNavigate();
  const { alerts, cursor, setCursor, selected, setSelected, actions } = hands;
  const at = alerts.findIndex((one) => one.alert_id === cursor);

  const move = (to: number) => {
    const index = Math.max(0, Math.min(alerts.length - 1, to));
    const alert = alerts[index];
    if (alert === undefined) return;
    setCursor(alert.alert_id);
    hands.scrollTo.current(index);
  };
  const toggle = () => {
    if (cursor === undefined) return;
    const next = new Set(selected);
    if (!next.delete(cursor)) next.add(cursor);
    setSelected(next);
  };
  const leave = () => {
    if (selected.size > 0) setSelected(new Set());
    else setCursor(undefined);
  };
  useKeys([
    ["j", () => move(at + 1)],
    ["k", () => move(at < 0 ? 0 : at - 1)],
    ["ArrowDown", () => move(at + 1)],
    ["ArrowUp", () => move(at < 0 ? 0 : at - 1)],
    ["Home", () => move(0)],
    ["End", () => move(alerts.length - 1)],
    [
      "Enter",
      () => {
        if (cursor !== undefined && at >= 0) {
          void navigate({ to: "/alerts/$alertId", params: { alertId: cursor }, search: hands.filters });
        }
      },
    ],
    ["x", toggle],
    ["*", () => setSelected(new Set(alerts.map((one) => one.alert_id)))],
    ["a", actions.acknowledge],
    ["r", actions.resolve],
    ["e", actions.resolve],
    ["n", hands.showWaiting],
    ["/", () => hands.searchBox.current?.focus()],
    ["Escape", leave],
  ]);
}
