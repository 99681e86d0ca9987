import { loadRules, makeEvaluator, type RuleSet } from "@atalaya/rules";
import type { AtalayaEvent } from "@atalaya/wire";
import { builtInPacks, samplesOf } from "../index.ts";

export const builtIn: RuleSet = loadRules(builtInPacks());

/** The rules that match, each once, in the order in which they first did. */
export function firedBy(...events: AtalayaEvent[]): string[] {
  const evaluator = makeEvaluator(builtIn);
  const names = events.flatMap((event) => evaluator.evaluate(event).map((match) => match.rule.name));
  return [...new Set(names)];
}

/** The events of the rule's samples by which it fires. */
export function firing(rule: string): AtalayaEvent[] {
  const events = samplesOf({ name: rule }).flatMap((sample) => sample.events);
  return events.filter((event) => firedBy(event).includes(rule));
}
