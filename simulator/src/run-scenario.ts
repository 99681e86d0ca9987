import { giveOrder, type StepResult } from "./attack/order.ts";
import type { Expectation, Scenario } from "./attack/scenario.ts";
import { type Container, removeContainer } from "./container/container.ts";
import { type Deciding, decide, type Pending, pendingOf, take } from "./decide.ts";
import type { AlertSource } from "./report/arrival-list.ts";
import type { Result } from "./report/result.ts";
import { type Place, startVictim } from "./victim/victim.ts";

export type Attack = {
  scenario: Scenario;
  place: Place;
  attacker: Container;
  source: AlertSource;
  timeoutMs: number;
  /** Leave the victim running. There can be one at a time. */
  keep: boolean;
  onProgress: (what: string) => void;
  /** Called once for each expectation, in the order in which they are decided. */
  onDecided: (expectation: Expectation, result: Result, note: string) => void;
  /** A step without an alert of its own had no effect. */
  onProblem: (what: string) => void;
};

/**
 * Runs one scenario against a victim of its own, so that no alert folds into one of an earlier scenario, and waits for
 * each alert. Every expectation is decided, unless the run is aborted.
 */
export async function runScenario(attack: Attack): Promise<void> {
  const { scenario, place } = attack;
  const { name } = scenario;
  if (scenario.steps.length === 0) {
    for (const expectation of scenario.expectations) await settle(attack, pendingOf(name, expectation, []), "");
    return;
  }
  attack.onProgress(`${name}: starting the victim`);
  const victim = await startVictim(place);
  const waits: Promise<void>[] = [];
  try {
    let pending = scenario.expectations.map((one) =>
      pendingOf(name, one, one.steps ?? [scenario.steps[0]?.name ?? ""]),
    );
    for (const step of scenario.steps) {
      attack.onProgress(`${name}: ${step.name}`);
      const target = { attacker: attack.attacker, victim, kind: place.root.kind, secrets: place.secrets };
      const done = await giveOrder(step, { ...target, signal: place.signal });
      const concerned = pending.filter((one) => one.left.has(step.name));
      for (const one of concerned) take(one, done);
      if (concerned.length === 0 && done.failure !== undefined) attack.onProblem(problem(scenario, done));
      waits.push(...concerned.filter((one) => one.left.size === 0).map((one) => settle(attack, one, victim.id)));
      pending = pending.filter((one) => one.left.size > 0);
    }
    // Steps that this kind of victim does not have.
    waits.push(...pending.map((one) => settle(attack, one, victim.id)));
    attack.onProgress(`${name}: waiting for the alerts`);
    await Promise.all(waits);
  } finally {
    await Promise.allSettled(waits);
    if (!attack.keep) await removeContainer(victim);
  }
}

function problem(scenario: Scenario, done: StepResult): string {
  return `${scenario.name}, ${done.step}: ${done.failure}`;
}

async function settle(attack: Attack, pending: Pending, containerId: string): Promise<void> {
  const deciding: Deciding = {
    source: attack.source,
    subject: { containerIds: [containerId] },
    timeoutMs: attack.timeoutMs,
    beyond: (expectation) => expectation.beyondLocal,
    signal: attack.place.signal,
  };
  const { result, note } = await decide(pending, deciding);
  attack.onDecided(pending.expectation, result, note);
}
