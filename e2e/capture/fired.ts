import { makeEvaluator, type RuleSet } from "@atalaya/rules";
import type { AtalayaEvent } from "@atalaya/wire";
import type { Attack } from "../attacks/attack.ts";

/** The rules that match these events, each once, sorted. */
export function firedBy(rules: RuleSet, events: readonly AtalayaEvent[]): string[] {
  const evaluator = makeEvaluator(rules);
  const names = events.flatMap((event) => evaluator.evaluate(event).map((match) => match.rule.name));
  return [...new Set(names)].sort();
}

/** The rules that must match, sorted. */
export function expectedRules(attack: Attack): string[] {
  return [...(attack.twin === "fires" ? [attack.rule] : []), ...attack.also].sort();
}
