export type Status = "alerted" | "missed" | "attack_failed" | "needs_cluster" | "not_covered";

/** What became of one expected alert. */
export type Outcome = {
  scenario: string;
  alert: string;
  status: Status;
  /** From the order to the alert's arrival, rounded to milliseconds. */
  seconds: number | null;
  alert_id: string | null;
  /** Why an attack had no effect. */
  reason?: string;
};

/** 1 when anything was missed or had no effect: neither may pass for a detection. */
export function exitStatus(outcomes: readonly Outcome[]): number {
  return outcomes.some((one) => one.status === "missed" || one.status === "attack_failed") ? 1 : 0;
}
