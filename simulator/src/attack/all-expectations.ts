import { scenarioNames } from "./scenario.ts";
import { scenario } from "./scenarios.ts";

/** The names of all expected alerts, each once. */
export function expectedAlertNames(): string[] {
  return [...new Set(scenarioNames.flatMap((name) => scenario(name, "debian").expectations.map(({ alert }) => alert)))];
}
