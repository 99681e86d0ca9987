import type { ScenarioName } from "../attack/scenario.ts";

export const statuses = ["alerted", "missed", "attack_failed", "needs_cluster", "not_covered"] as const;
export type Status = (typeof statuses)[number];

/** What became of one expected alert: a line of `--json`. */
export type Result = {
  scenario: ScenarioName;
  /** The alert's published name. */
  alert: string;
  status: Status;
  /** From the step's beginning until the alert arrived; null when it did not. */
  seconds: number | null;
  alert_id: string | null;
};

/** 0 when every alert that this run can show came, else 1. */
export function exitStatus(results: readonly Result[]): 0 | 1 {
  return results.some(({ status }) => status === "missed" || status === "attack_failed") ? 1 : 0;
}
