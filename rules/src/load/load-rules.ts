import { createHash } from "node:crypto";
import type { ExplainedPlan, FilterPlan } from "@atalaya/wire";
import { type BoundOperand, OperandTable } from "../compile/bound-operand.ts";
import { Compiler } from "../compile/compile.ts";
import { Resolver } from "../compile/resolve.ts";
import { parseCondition, parseOperand } from "../condition/parse-condition.ts";
import { ConditionError } from "../condition/syntax.ts";
import type { Correlation, Rule, RuleFile, RuleProblem, RuleSet, RuleSource } from "../contract.ts";
import type { CompiledCorrelation, CompiledRule } from "../evaluate/compiled-rule.ts";
import { ruleLimits } from "../limits.ts";
import { makeTemplate } from "../output/template.ts";
import { explainPlan } from "../plan/explain-plan.ts";
import { planRules } from "../plan/filter-plan.ts";
import { Collector } from "./collect-items.ts";
import { type Place, Refused } from "./place.ts";
import { type RuleDraft, wholeCondition } from "./rule-draft.ts";
import { ruleWarnings } from "./rule-warnings.ts";

/** What `loadRules` really gives: the rule set with its compiled rules. */
export type LoadedRules = RuleSet & { compiled: readonly CompiledRule[]; operands: OperandTable };

/**
 * Loads rule files in order, as Falco does: later items replace, append to or override earlier ones. What cannot be
 * loaded is a problem with its place; everything else works. Never throws on a file's content.
 */
export function loadRules(files: readonly RuleFile[]): LoadedRules {
  const collector = new Collector();
  for (const file of files) collector.read(file);
  const { problems, warnings } = collector;
  const operands = new OperandTable();
  const builder = new Builder(new Resolver(collector.definitions, operands), operands);
  const compiled: CompiledRule[] = [];
  for (const draft of collector.rules.values()) {
    try {
      compiled.push(builder.build(draft, warnings));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const list = draft.skipUnknown ? warnings : problems;
      list.push({ ...error.place, reason: `rule ${JSON.stringify(draft.name)}: ${error.message}` });
    }
  }
  for (const one of compiled) warnings.push(...ruleWarnings(one));
  return {
    rules: compiled.map((one) => one.rule),
    problems,
    warnings,
    compiled,
    operands,
    filterPlan: (enabled = isEnabled): FilterPlan => planRules(ofSensors(compiled, enabled)),
    explainPlan: (enabled = isEnabled): ExplainedPlan => explainPlan(ofSensors(compiled, enabled)),
  };
}

const isEnabled = (rule: Rule): boolean => rule.enabled;
const ofSensors = (compiled: readonly CompiledRule[], enabled: (rule: Rule) => boolean): CompiledRule[] =>
  compiled.filter((one) => one.rule.source === "syscall" && enabled(one.rule));

/** Without an `alert:` block: one alert a program and container, or a user and object. */
const foldByDefault: Readonly<Record<RuleSource, readonly string[]>> = {
  syscall: ["container.id", "proc.exepath"],
  k8s_audit: ["ka.user.name", "ka.target.resource", "ka.target.namespace", "ka.target.name"],
  sensor: ["sensor.node", "sensor.activity"],
};

class Builder {
  readonly #resolver: Resolver;
  readonly #operands: OperandTable;
  readonly #compiler = new Compiler();
  #comparisons = 0;

  constructor(resolver: Resolver, operands: OperandTable) {
    this.#resolver = resolver;
    this.#operands = operands;
  }

  build(draft: RuleDraft, warnings: RuleProblem[]): CompiledRule {
    const { source, place } = draft;
    const condition = wholeCondition(draft);
    const parsed = parseCondition(condition.text);
    if (!parsed.ok) throw new Refused(condition.locate(parsed.offset), parsed.reason);
    const node = this.#resolver.rule(source, condition, parsed.expression);
    this.#comparisons += node.size;
    if (this.#comparisons > ruleLimits.allComparisonsMax)
      throw new Refused(place, `all rules together have more than ${ruleLimits.allComparisonsMax} comparisons`);
    const { template, problems } = makeTemplate(draft.output, source, this.#operands);
    const [first] = problems;
    if (first !== undefined) throw new Refused(draft.outputPlace, `output: ${first.reason}`);
    this.#checkAlertTexts(draft, warnings);
    const fold = this.#bindAll(draft.alert?.fold ?? foldByDefault[source], source, draft.alertPlace, "fold");
    const rule = ruleOf(draft, condition.text.trim(), place);
    return {
      rule,
      node,
      test: this.#compiler.compile(node),
      output: template,
      fold,
      correlate: this.#correlation(draft),
    };
  }

  #correlation(draft: RuleDraft): CompiledCorrelation | undefined {
    const { correlate, source, correlatePlace } = draft;
    if (correlate === undefined) return undefined;
    const [field] = this.#bindAll(
      correlate.field === undefined ? [] : [correlate.field],
      source,
      correlatePlace,
      "field",
    );
    const groupBy = this.#bindAll(correlate.group_by, source, correlatePlace, "group-by");
    return { field, groupBy, identity: identityOf(draft.name, correlate) };
  }

  #bindAll(names: readonly string[], source: RuleSource, place: Place, where: string): BoundOperand[] {
    return names.map((name) => {
      const operand = parseOperand(name);
      if (operand === undefined) throw new Refused(place, `${where}: \`${name}\` is no field`);
      try {
        return this.#operands.bind(operand, source);
      } catch (error) {
        if (error instanceof ConditionError) throw new Refused(place, `${where}: ${error.message}`);
        throw error;
      }
    });
  }

  /** A `%` in a sentence may be just that; a misspelt field should not go unseen. */
  #checkAlertTexts(draft: RuleDraft, warnings: RuleProblem[]): void {
    const { alert } = draft;
    if (alert === undefined) return;
    for (const text of [alert.title, alert.summary, alert.description, ...alert.triage, ...alert.blind_spots]) {
      for (const language of [text.en, text.es]) {
        for (const problem of makeTemplate(language, draft.source, this.#operands).problems) {
          warnings.push({
            ...draft.alertPlace,
            reason: `rule ${JSON.stringify(draft.name)}: alert: ${problem.reason}`,
          });
        }
      }
    }
  }
}

function ruleOf(draft: RuleDraft, condition: string, place: Place): Rule {
  return {
    name: draft.name,
    source: draft.source,
    pack: draft.pack,
    file: place.file,
    line: place.line,
    description: draft.description,
    priority: draft.priority,
    condition,
    output: draft.output,
    tags: draft.tags,
    enabled: draft.enabled,
    alert: draft.alert,
    correlate: draft.correlate,
  };
}

/** Readable, and short: it stands in every row of a window on disk. */
function identityOf(rule: string, correlate: Correlation): string {
  const hash = createHash("sha256")
    .update(JSON.stringify([rule, correlate]))
    .digest("base64url");
  return `${rule}#${hash.slice(0, 16)}`;
}
