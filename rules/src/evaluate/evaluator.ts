import type { AtalayaEvent } from "@atalaya/wire";
import type { Evaluator, EvaluatorOptions, Match, RuleSet, WindowRow } from "../contract.ts";
import { EventView } from "../event-view.ts";
import type { LoadedRules } from "../load/load-rules.ts";
import { valueText } from "../output/value-text.ts";
import type { CompiledRule } from "./compiled-rule.ts";
import { makeMatch } from "./match.ts";
import { RuleIndex } from "./rule-index.ts";
import { type LogEntry, WindowLog } from "./window-log.ts";
import { type WindowCounters, Windows } from "./windows.ts";

/** An evaluator that also says what its windows did, for metrics. */
export type CountingEvaluator = Evaluator & {
  windowCounters(): WindowCounters;
  /** What changed in the windows since the last call: to be written down with the batch's other results. */
  takeWindowLog(nowUs: number): LogEntry | undefined;
  /**
   * Puts windows back that row 0 of the log holds, oldest first; gives by rule how many had to be dropped because no rule
   * counts so any more.
   */
  restoreWindows(rows: readonly WindowRow[], nowUs: number): Map<string, number>;
  /** Windows, by rule, that the rules of `previous` had open and these do not count any more. */
  readonly droppedWindows: ReadonlyMap<string, number>;
};

class RuleEvaluator implements CountingEvaluator {
  readonly #rules: LoadedRules;
  readonly #index: RuleIndex;
  readonly #firstOnly: boolean;
  readonly #view = new EventView();
  readonly #windows = new Map<string, Windows>();
  readonly #log: WindowLog;
  readonly droppedWindows = new Map<string, number>();

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
      const { timespan_us, gte } = rule.correlate;
      this.#windows.set(
        correlate.identity,
        open ?? new Windows(timespan_us, gte, options.journaled, correlate.identity),
      );
    }
    this.#log = previous === undefined ? new WindowLog() : previous.#log;
    if (previous !== undefined) this.#endThoseOf(previous);
  }

  #endThoseOf(previous: RuleEvaluator): void {
    for (const [rule, windows] of previous.#windows) {
      if (this.#windows.has(rule)) continue;
      windows.ended = true;
      if (windows.size > 0) this.droppedWindows.set(rule, windows.size);
    }
  }

  takeWindowLog(nowUs: number): LogEntry | undefined {
    const edits = [...this.#windows.values()].flatMap((windows) => windows.takeEdits(nowUs));
    return this.#log.write(edits, nowUs);
  }

  restoreWindows(rows: readonly WindowRow[], nowUs: number): Map<string, number> {
    const unknown = new Map<string, number>();
    for (const [rule, some] of Map.groupBy(rows, (row) => row.rule)) {
      const windows = this.#windows.get(rule);
      if (windows === undefined) unknown.set(rule, some.length);
      else this.#log.adopt(0, windows.restore(some, nowUs));
    }
    return unknown;
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
      if (count === 0) continue;
      const match = makeMatch(one, event, this.#view, count, this.#rules.operands);
      if (one.correlate !== undefined) this.#showValues(match, one.correlate.identity);
      out.push(match);
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
    return windows.add(JSON.stringify(group), counted, event.time_us, scope);
  }

  /** What was counted is the evidence: one event of sixteen says little. */
  #showValues(match: Match, identity: string): void {
    const values = this.#windows.get(identity)?.lastFired ?? [];
    if (values.length > 0) match.outputFields["correlate.values"] = values.join(" ");
  }
}

/** An evaluator for the rules of a set. Throws only when the set is not one of `loadRules`: that is our bug. */
export function makeEvaluator(rules: RuleSet, options: EvaluatorOptions = {}): CountingEvaluator {
  if (!("compiled" in rules)) throw new TypeError("these rules were not made by loadRules");
  return new RuleEvaluator(rules as LoadedRules, options);
}
