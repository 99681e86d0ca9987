import type {
  AtalayaEvent,
  AttackTechnique,
  ExplainedPlan,
  FilterPlan,
  Priority,
  Severity,
  Text,
  WhyNode,
} from "@atalaya/wire";

// The face of the rule engine: what packs, hub and replay build on.

/** A rule file as text; `pack` is "built-in" for our own, else the file's name. */
export type RuleFile = { path: string; text: string; pack: string };

/** Where and why a file, or one item of it, was refused. Line and column start at 1. */
export type RuleProblem = { file: string; line: number; column: number; reason: string };

/** syscall: what sensors see; k8s_audit: audit records; sensor: what the hub makes known of sensors themselves. */
export type RuleSource = "syscall" | "k8s_audit" | "sensor";

/** The `alert:` block: what Falco's format lacks. Texts may hold %fields, rendered as in `output`. */
export type AlertText = {
  title: Text;
  summary: Text;
  description: Text;
  severity: Severity;
  attack: AttackTechnique[];
  triage: Text[];
  blind_spots: Text[];
  /** Fields that, with the rule's name, say which matches are repeats of one alert. */
  fold: string[];
};

/**
 * The `correlate:` block, in Sigma's terms: the rule fires when, within `timespan` and one `group-by` key, the count
 * of events (event_count) or of distinct values of `field` (value_count) reaches `gte`; once a window.
 *
 *     correlate: { type: value_count, field: fd.rip, group-by: [container.id, proc.pid], timespan: 30s, gte: 16 }
 */
export type Correlation = {
  type: "event_count" | "value_count";
  field: string | undefined;
  group_by: string[];
  timespan_us: number;
  gte: number;
};

export type Rule = {
  name: string;
  source: RuleSource;
  pack: string;
  file: string;
  line: number;
  description: string;
  priority: Priority;
  condition: string;
  output: string;
  tags: string[];
  /** As the file says (`enabled: false`); the hub's switch comes on top. */
  enabled: boolean;
  alert: AlertText | undefined;
  correlate: Correlation | undefined;
};

export type RuleSet = {
  rules: readonly Rule[];
  /** What was refused; the rest is loaded. */
  problems: readonly RuleProblem[];
  warnings: readonly RuleProblem[];
  /** What the kernel side must let through so that the enabled syscall rules can match. Version is left 0. */
  filterPlan(enabled?: (rule: Rule) => boolean): FilterPlan;
  /** The same, with the rules that ask for each entry and the reasons where one asks for everything. */
  explainPlan(enabled?: (rule: Rule) => boolean): ExplainedPlan;
};

export type Match = {
  rule: Rule;
  event: AtalayaEvent;
  /** The rendered output, without Falco's time and priority prefix. */
  output: string;
  /** Every %field of the output by its token; missing is null. */
  outputFields: Record<string, unknown>;
  /** Name of the rule plus the values of its fold fields: repeats of one alert have the same. */
  foldKey: string;
  /** The condition's tree with values; made when asked, because repeats do not need it. */
  why(): WhyNode;
  /** Renders a text with %fields against the event. */
  render(text: string): string;
};

export type EvaluatorOptions = {
  /** all: every rule that matches; first: the first of each pack, in the order of definition. */
  match?: "all" | "first";
  enabled?: (rule: Rule) => boolean;
  /** The evaluator that this one takes over from: open windows of rules whose `correlate:` did not change go on. */
  previous?: Evaluator;
  /** Windows are kept on disk: what changes in them is noted until `takeWindowLog`. */
  journaled?: boolean;
};

/** A window of a `correlate:` rule on disk. `rule` names the rule and what it counts; `state` undefined: there is none. */
export type WindowRow = {
  rule: string;
  scope: string;
  key: string;
  state: string | undefined;
  /** How long no event had touched it. */
  idleUs: number;
};

/** Keeps the windows of `correlate:` rules; events of one group must reach one evaluator, in order. */
export type Evaluator = {
  /** `scope` (workspace, cluster and node at the hub) keeps windows apart that share only their group's values. */
  evaluate(event: AtalayaEvent, scope?: string): Match[];
};

/** What rules/index.ts exports by these names. None of them throws on a bad rule or a strange event. */
export type RulesFace = {
  loadRules(files: readonly RuleFile[]): RuleSet;
  makeEvaluator(rules: RuleSet, options?: EvaluatorOptions): Evaluator;
  /** Falco's JSON alert shape plus ours (`alert` title, severity, attack, fold key). */
  falcoAlert(match: Match, hostname: string): Record<string, unknown>;
};
