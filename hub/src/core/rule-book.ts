import type { Rule, RuleFile, RuleProblem } from "@atalaya/rules";
import { type Rule as ApiRule, type ExplainedPlan, emptyFilterPlan, type FilterPlan } from "@atalaya/wire";
import type { RulesLoaded, RulesMessage, Switches, ToEvaluator } from "../pipeline/messages.ts";
import { attackFromTags, severityOfPriority } from "../pipeline/rule-text.ts";
import type { RuleFigures } from "../store/read-alerts.ts";
import { PlanVersion } from "./plan-version.ts";
import { type ReadRuleFiles, RuleFiles } from "./rule-files.ts";

export type RuleBookOptions = {
  builtIn: readonly RuleFile[];
  paths: readonly string[];
  switchedOff: Switches;
  plan: string | undefined;
  broadcast(message: ToEvaluator): void;
  /** Called with what is to be stored when the plan's content changed. */
  savePlan(stored: string): void;
  /** Told of the plan in force, also when it is the one before. */
  planned(plan: FilterPlan): void;
};

/** The rules in force as the API shows them; the evaluators hold them compiled. */
export class RuleBook {
  readonly #options: RuleBookOptions;
  readonly #files: RuleFiles;
  readonly #plan: PlanVersion;
  readonly #off: Map<string, Set<string>>;
  readonly #lastGood = new Map<string, string>();
  #sent = new Map<number, ReadRuleFiles>();
  #generation = 0;
  #rules: readonly Rule[] = [];
  #problems: readonly RuleProblem[] = [];
  #explained: ExplainedPlan = { plan: emptyFilterPlan, entries: [], widened: [] };
  #loaded: (() => void) | undefined;
  reloads = 0;

  constructor(options: RuleBookOptions) {
    this.#options = options;
    this.#files = new RuleFiles(options.paths, (read) => this.#send(read));
    this.#plan = new PlanVersion(options.plan);
    this.#off = new Map(options.switchedOff.map(([workspaceId, rules]) => [workspaceId, new Set(rules)]));
  }

  /** Resolves when an evaluator has loaded the rules. */
  async start(): Promise<void> {
    const read = await this.#files.start();
    const loaded = new Promise<void>((resolve) => {
      this.#loaded = resolve;
    });
    this.#send(read);
    await loaded;
  }

  #send(read: ReadRuleFiles): void {
    const generation = ++this.#generation;
    this.#sent.set(generation, read);
    const files = [...this.#options.builtIn, ...read.files];
    const message: RulesMessage = {
      type: "rules",
      generation,
      files,
      lastGood: [...this.#lastGood],
      switches: this.#switches(),
    };
    this.#options.broadcast(message);
  }

  /** What the first evaluator says of rules that it loaded. */
  loaded(message: RulesLoaded): void {
    const read = this.#sent.get(message.generation);
    for (const generation of this.#sent.keys()) if (generation <= message.generation) this.#sent.delete(generation);
    if (read === undefined) return;
    this.#rules = message.rules;
    this.#problems = [...read.problems, ...message.problems];
    const broken = new Set(this.#problems.map((problem) => problem.file));
    for (const { path, text } of read.files) if (!broken.has(path)) this.#lastGood.set(path, text);
    this.reloads += 1;
    this.planned(message.plan);
    this.#loaded?.();
  }

  planned(explained: ExplainedPlan): void {
    this.#explained = explained;
    const stored = this.#plan.next(explained.plan);
    if (stored !== undefined) this.#options.savePlan(stored);
    this.#options.planned(this.#plan.plan);
  }

  get plan(): FilterPlan {
    return this.#plan.plan;
  }

  /** The plan in force, and who asks for what. */
  get explained(): ExplainedPlan {
    return { ...this.#explained, plan: this.#plan.plan };
  }

  get problems(): readonly RuleProblem[] {
    return this.#problems;
  }

  has(rule: string): boolean {
    return this.#rules.some((one) => one.name === rule);
  }

  /** Reaches the evaluators at once. A rule that its file switched off can't be switched on here. */
  switch(workspaceId: string, rule: string, enabled: boolean): void {
    const off = this.#off.get(workspaceId) ?? new Set<string>();
    this.#off.set(workspaceId, off);
    if (enabled) off.delete(rule);
    else off.add(rule);
    this.#options.broadcast({ type: "switches", switches: this.#switches() });
  }

  #switches(): Switches {
    return [...this.#off].map(([workspaceId, rules]) => [workspaceId, [...rules]]);
  }

  #enabled(workspaceId: string, rule: Rule): boolean {
    return rule.enabled && !(this.#off.get(workspaceId)?.has(rule.name) ?? false);
  }

  counts(workspaceId: string): { enabled: number; total: number } {
    const enabled = this.#rules.filter((rule) => this.#enabled(workspaceId, rule)).length;
    return { enabled, total: this.#rules.length };
  }

  list(workspaceId: string, figures: readonly RuleFigures[]): ApiRule[] {
    const byRule = new Map(figures.map((one) => [one.rule, one]));
    return this.#rules.map((rule) => showRule(rule, this.#enabled(workspaceId, rule), byRule.get(rule.name)));
  }

  close(): Promise<void> {
    return this.#files.close();
  }
}

function showRule(rule: Rule, enabled: boolean, figures: RuleFigures | undefined): ApiRule {
  const { alert } = rule;
  const plain = (text: string) => ({ en: text, es: text });
  return {
    rule: rule.name,
    source: rule.source,
    pack: rule.pack,
    file: rule.file,
    line: rule.line,
    enabled,
    title: alert?.title ?? plain(rule.name),
    description: alert?.description ?? plain(rule.description),
    severity: alert?.severity ?? severityOfPriority(rule.priority),
    priority: rule.priority,
    condition: rule.condition,
    output: rule.output,
    tags: rule.tags,
    attack: alert?.attack ?? attackFromTags(rule.tags),
    triage: alert?.triage ?? [],
    blind_spots: alert?.blind_spots ?? [],
    alerts_24h: figures?.alerts24h ?? 0,
    last_alert_us: figures?.lastAlertUs ?? null,
  };
}
