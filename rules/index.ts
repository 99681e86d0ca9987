export type {
  AlertText,
  Correlation,
  Evaluator,
  EvaluatorOptions,
  Match,
  Rule,
  RuleFile,
  RuleProblem,
  RuleSet,
  RuleSource,
  RulesFace,
  WindowRow,
} from "./src/contract.ts";
export { type CountingEvaluator, makeEvaluator } from "./src/evaluate/evaluator.ts";
export type { LogEntry } from "./src/evaluate/window-log.ts";
export { readWindowLog } from "./src/evaluate/window-text.ts";
export type { WindowCounters } from "./src/evaluate/windows.ts";
export { fieldNames } from "./src/fields/field-table.ts";
export { ruleLimits } from "./src/limits.ts";
export { loadRules } from "./src/load/load-rules.ts";
export { falcoAlert } from "./src/output/falco-alert.ts";
export { letsThrough } from "./src/plan/lets-through.ts";
