import type { Expectation, Scenario, ScenarioName } from "../attack/scenario.ts";
import { scenario } from "../attack/scenarios.ts";

/** An expected alert, under the scenario that is to raise it first. */
export type ClusterRow = { scenario: ScenarioName; expectation: Expectation; steps: readonly string[] };

/**
 * On a cluster one victim serves the whole run, as in the original, and repeats fold into one alert: what several
 * scenarios expect is expected once, of the first. A scenario that adds nothing to others is left out, unless it is alone.
 */
export function clusterRows(names: readonly ScenarioName[]): ClusterRow[] {
  const seen = new Set<string>();
  return names.flatMap((name) => {
    const one: Scenario = scenario(name, "debian");
    const fresh = one.expectations.filter(({ alert }) => !seen.has(alert));
    for (const { alert } of fresh) seen.add(alert);
    return fresh.map((expectation) => ({
      scenario: name,
      expectation,
      steps: expectation.steps ?? [one.steps[0]?.name ?? ""],
    }));
  });
}
