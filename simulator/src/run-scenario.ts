import { type Arrivals, isExpected } from "./arrivals.ts";
import { giveOrder, type StepResult } from "./attack/order.ts";
import type { Expectation, Scenario, Step } from "./attack/scenario.ts";
import { type Container, removeContainer } from "./container/container.ts";
import type { Outcome } from "./report/outcome.ts";
import type { Reporter } from "./report/reporter.ts";
import { type Place, startVictim } from "./victim/victim.ts";

export type Stage = {
  place: Place;
  attacker: Container;
  arrivals: Arrivals;
  reporter: Reporter;
  timeoutMs: number;
  keep: boolean;
};

/** Runs one scenario against a victim of its own and waits for each of its alerts. */
export async function runScenario(scenario: Scenario, stage: Stage, signal: AbortSignal): Promise<Outcome[]> {
  const beyond = scenario.expectations
    .filter((one) => one.beyond !== undefined)
    .map((one) => beyondOutcome(scenario, one));
  for (const outcome of beyond) stage.reporter.outcome(outcome);
  const shown = scenario.expectations.filter((one) => one.beyond === undefined);
  if (shown.length === 0) return beyond;
  stage.reporter.progress(`${scenario.name}: starting a victim`);
  const victim = await startVictim({ ...stage.place, signal });
  try {
    return [...beyond, ...(await attack(scenario, shown, victim, stage, signal))];
  } finally {
    if (!stage.keep) await removeContainer(victim);
  }
}

async function attack(
  scenario: Scenario,
  expectations: Expectation[],
  victim: Container,
  stage: Stage,
  signal: AbortSignal,
): Promise<Outcome[]> {
  const { attacker, place } = stage;
  const target = { attacker, victim, kind: place.root.kind, secrets: place.secrets, signal };
  const results = new Map<string, StepResult>();
  const waiting: Promise<Outcome>[] = [];
  const [first] = scenario.steps;
  for (const step of scenario.steps) {
    signal.throwIfAborted();
    stage.reporter.progress(`${scenario.name}: ${step.name}`);
    const result = await giveOrder(step, target);
    results.set(step.name, result);
    for (const expectation of expectations) {
      if (belongsTo(expectation, step, first))
        waiting.push(settle(scenario, expectation, result, victim, stage, signal));
    }
  }
  stage.reporter.progress(`${scenario.name}: waiting for its alerts`);
  return Promise.all(waiting);
}

/** An expectation without a step of its own belongs to the scenario's first. */
function belongsTo(expectation: Expectation, step: Step, first: Step | undefined): boolean {
  return (expectation.step ?? first?.name) === step.name;
}

async function settle(
  scenario: Scenario,
  expectation: Expectation,
  result: StepResult,
  victim: Container,
  stage: Stage,
  signal: AbortSignal,
): Promise<Outcome> {
  const named = { scenario: scenario.name, alert: expectation.alert };
  if (result.failure !== undefined) {
    const reason = `${result.step}: ${result.failure}`;
    const outcome: Outcome = { ...named, status: "attack_failed", seconds: null, alert_id: null, reason };
    stage.reporter.outcome(outcome);
    return outcome;
  }
  const patienceMs = Math.max(0, stage.timeoutMs - (Date.now() - result.beganUs / 1000));
  const wanted = (alert: Parameters<typeof isExpected>[0]) => isExpected(alert, expectation, victim.id, result.beganUs);
  const arrival = await stage.arrivals.next(wanted, patienceMs, signal);
  const outcome: Outcome =
    arrival === undefined
      ? { ...named, status: "missed", seconds: null, alert_id: null }
      : {
          ...named,
          status: "alerted",
          seconds: secondsSince(result.beganUs, arrival.atUs),
          alert_id: arrival.alert.alert_id,
        };
  if (!signal.aborted) stage.reporter.outcome(outcome);
  return outcome;
}

function secondsSince(beganUs: number, atUs: number): number {
  return Math.max(0, Math.round((atUs - beganUs) / 1000) / 1000);
}

function beyondOutcome(scenario: Scenario, expectation: Expectation): Outcome {
  const status = expectation.beyond ?? "not_covered";
  return { scenario: scenario.name, alert: expectation.alert, status, seconds: null, alert_id: null };
}
