import type { AtalayaEvent } from "@atalaya/wire";
import type { Evaluator, EvaluatorOptions, Match, RuleSet } from "../contract.ts";
import { EventView } from "../event-view.ts";
import type { LoadedRules } from "../load/load-rules.ts";
import { valueText } from "../output/value-text.ts";
import type { CompiledRule } from "./compiled-rule.ts";
import { makeMatch } from "./match.ts";
import { RuleIndex } from "./rule-index.ts";
import { type WindowCounters, Windows } from "./windows.ts";

/** An evaluator that also says what its windows did, for metrics. */
export type CountingEvaluator = Evaluator & { windowCounters(): WindowCounters };

class RuleEvaluator implements CountingEvaluator {
  readonly #rules: LoadedRules;
  readonly #index: RuleIndex;
  readonly #firstOnly: boolean;
  readonly #view = new EventView();
  readonly #windows = new Map<string, Windows>();

  constructor(rules: LoadedRules, options: EvaluatorOptions) {
    const enabled = options.enabled ?? ((rule) => rule.enabled);
    const active = rules.compiled.filter((one) => enabled(one.rule));
    this.#rules = rules;
    this.#index = new RuleIndex(active);
    this.#firstOnly = options.match === "first";
    const previous = options.previous instanceof RuleEvaluator ? options.previous : undefined;
    for (const { rule, correlate } of active) {
      if (correlate === undefined || rule.correlate === undefined) continue;
      const open = previous === undefined ? undefined : previous.#windows.get(correlate.identity);
      this.#windows.set(correlate.identity, open ?? new Windows(rule.correlate.timespan_us, rule.correlate.gte));
    }
  }

  evaluate(event: AtalayaEvent, scope = ""): Match[] {
    const candidates = this.#index.candidates(event);
    const out: Match[] = [];
    if (candidates.length === 0) return out;
    this.#view.load(event);
    for (const one of candidates) {
      if (this.#firstOnly && out.some((match) => match.rule.pack === one.rule.pack)) continue;
      if (!one.test(this.#view)) continue;
      const count = one.correlate === undefined ? undefined : this.#count(one, event, scope);
      if (count !== 0) out.push(makeMatch(one, event, this.#view, count, this.#rules.operands));
    }
    return out;
  }

  windowCounters(): WindowCounters {
    const sum: WindowCounters = { opened: 0, evicted: 0, late: 0, fired: 0 };
    for (const { counters } of this.#windows.values()) {
      for (const key of Object.keys(sum) as (keyof WindowCounters)[]) sum[key] += counters[key];
    }
    return sum;
  }

  /** What the window of this event's group holds when it fires now, else 0. */
  #count(one: CompiledRule, event: AtalayaEvent, scope: string): number {
    const { correlate } = one;
    const windows = correlate === undefined ? undefined : this.#windows.get(correlate.identity);
    if (correlate === undefined || windows === undefined) return 0;
    const { field } = correlate;
    const value = field === undefined ? undefined : this.#view.get(field.slot);
    if (field !== undefined && value === undefined) return 0;
    const group = correlate.groupBy.map((operand) => valueText(this.#view.get(operand.slot), operand.shape));
    const counted = field === undefined ? undefined : valueText(value, field.shape);
    return windows.add(JSON.stringify([scope, ...group]), counted, event.time_us);
  }
}

/** An evaluator for the rules of a set. Throws only when the set is not one of `loadRules`: that is our bug. */
export function makeEvaluator(rules: RuleSet, options: EvaluatorOptions = {}): CountingEvaluator {
  if (!("compiled" in rules)) throw new TypeError("these rules were not made by loadRules");
  return new RuleEvaluator(rules as LoadedRules, options);
}
