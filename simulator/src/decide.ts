import type { StepResult } from "./attack/order.ts";
import type { Expectation, ScenarioName } from "./attack/scenario.ts";
import type { AlertSource, Subject } from "./report/arrival-list.ts";
import type { Result, Status } from "./report/result.ts";

/** An expectation on its way: which of its steps are to come, when the first began, what went wrong. */
export type Pending = {
  scenario: ScenarioName;
  expectation: Expectation;
  left: Set<string>;
  beganUs: number | undefined;
  failure: string | undefined;
};

/** `steps` are those that raise the alert, each on its own. */
export function pendingOf(scenario: ScenarioName, expectation: Expectation, steps: readonly string[]): Pending {
  return { scenario, expectation, left: new Set(steps), beganUs: undefined, failure: undefined };
}

/** A step of it is done. */
export function take(pending: Pending, done: Pick<StepResult, "step" | "beganUs" | "failure">): void {
  pending.left.delete(done.step);
  pending.beganUs ??= done.beganUs;
  if (done.failure !== undefined) pending.failure ??= `${done.step}: ${done.failure}`;
}

export type Deciding = {
  source: AlertSource;
  subject: Subject;
  timeoutMs: number;
  /** What this kind of run cannot show. */
  beyond: (expectation: Expectation) => Status | undefined;
  signal?: AbortSignal | undefined;
};

/** Waits for the alert of an expectation whose steps are done; gives the result, and why an attack failed. */
export async function decide(pending: Pending, deciding: Deciding): Promise<{ result: Result; note: string }> {
  const { expectation, beganUs, failure, scenario } = pending;
  const { source, subject, timeoutMs, signal } = deciding;
  const decided = (status: Status, note = "", seconds: number | null = null, alertId: string | null = null) => ({
    result: { scenario, alert: expectation.alert, status, seconds, alert_id: alertId },
    note,
  });
  if (failure !== undefined) return decided("attack_failed", failure);
  const beyond = deciding.beyond(expectation);
  if (beyond !== undefined) return decided(beyond);
  if (beganUs === undefined) return decided("attack_failed", "no step raises it");
  const rules = source.rulesFor(expectation);
  if (rules.length === 0) return decided("not_covered");
  const found = await source.wait({ rules, subject, beganUs }, beganUs + timeoutMs * 1000, signal);
  if (found === undefined) return decided("missed");
  const seconds = Math.round((found.arrivedUs - beganUs) / 1000) / 1000;
  return decided("alerted", "", seconds, found.alertId);
}
