import { giveOrder, type StepResult } from "./attack/order.ts";
import type { Expectation, Scenario } from "./attack/scenario.ts";
import { type Container, removeContainer } from "./container/container.ts";
import type { AlertWatch } from "./report/arrivals.ts";
import type { Result } from "./report/result.ts";
import { type Place, startVictim } from "./victim/victim.ts";

export type Attack = {
  scenario: Scenario;
  place: Place;
  attacker: Container;
  watch: AlertWatch;
  timeoutMs: number;
  /** Leave the victim running. There can be one at a time. */
  keep: boolean;
  onProgress: (what: string) => void;
  /** Called once for each expectation, in the order in which they are decided. */
  onDecided: (expectation: Expectation, result: Result, note: string) => void;
  /** A step without an alert of its own had no effect. */
  onProblem: (what: string) => void;
};

/** An expectation on its way: which of its steps are to come, when the first began, what went wrong. */
type Pending = {
  expectation: Expectation;
  left: Set<string>;
  beganUs: number | undefined;
  failure: string | undefined;
};

/**
 * Runs one scenario against a victim of its own, so that no alert folds into one of an earlier scenario, and waits for
 * each alert. Every expectation is decided, unless the run is aborted.
 */
export async function runScenario(attack: Attack): Promise<void> {
  const { scenario, place } = attack;
  if (scenario.steps.length === 0) {
    for (const expectation of scenario.expectations) await decide(attack, pendingOf(expectation, []), "");
    return;
  }
  attack.onProgress(`${scenario.name}: starting the victim`);
  const victim = await startVictim(place);
  const waits: Promise<void>[] = [];
  try {
    let pending = scenario.expectations.map((one) => pendingOf(one, one.steps ?? [scenario.steps[0]?.name ?? ""]));
    for (const step of scenario.steps) {
      attack.onProgress(`${scenario.name}: ${step.name}`);
      const target = { attacker: attack.attacker, victim, kind: place.root.kind, secrets: place.secrets };
      const done = await giveOrder(step, { ...target, signal: place.signal });
      const concerned = pending.filter((one) => one.left.has(step.name));
      for (const one of concerned) take(one, done);
      if (concerned.length === 0 && done.failure !== undefined) attack.onProblem(problem(scenario, done));
      waits.push(...concerned.filter((one) => one.left.size === 0).map((one) => decide(attack, one, victim.id)));
      pending = pending.filter((one) => one.left.size > 0);
    }
    // Steps that this kind of victim does not have.
    waits.push(...pending.map((one) => decide(attack, one, victim.id)));
    attack.onProgress(`${scenario.name}: waiting for the alerts`);
    await Promise.all(waits);
  } finally {
    await Promise.allSettled(waits);
    if (!attack.keep) await removeContainer(victim);
  }
}

function pendingOf(expectation: Expectation, steps: string[]): Pending {
  return { expectation, left: new Set(steps), beganUs: undefined, failure: undefined };
}

function take(pending: Pending, done: StepResult): void {
  pending.left.delete(done.step);
  pending.beganUs ??= done.beganUs;
  if (done.failure !== undefined) pending.failure ??= `${done.step}: ${done.failure}`;
}

function problem(scenario: Scenario, done: StepResult): string {
  return `${scenario.name}, ${done.step}: ${done.failure}`;
}

async function decide(attack: Attack, pending: Pending, containerId: string): Promise<void> {
  const { scenario, watch, timeoutMs, onDecided } = attack;
  const { expectation, beganUs, failure } = pending;
  const { alert } = expectation;
  const decided = (status: Result["status"], note = "", seconds: number | null = null, alertId: string | null = null) =>
    onDecided(expectation, { scenario: scenario.name, alert, status, seconds, alert_id: alertId }, note);
  if (failure !== undefined) return decided("attack_failed", failure);
  if (expectation.beyond !== undefined) return decided(expectation.beyond);
  if (beganUs === undefined) return decided("attack_failed", "no step raises it");
  const deadlineUs = beganUs + timeoutMs * 1000;
  const wanted = { rules: expectation.rules, containerId, beganUs };
  const found = await watch.wait(wanted, deadlineUs, attack.place.signal);
  if (found === undefined) return decided("missed");
  const seconds = Math.round((found.arrivedUs - beganUs) / 1000) / 1000;
  decided("alerted", "", seconds, found.alert.alert_id);
}
