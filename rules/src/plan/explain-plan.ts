import type { AskingRule, ExplainedPlan, FilterPlan } from "@atalaya/wire";
import type { CompiledRule } from "../evaluate/compiled-rule.ts";
import { syscallKinds } from "../fields/event-kinds.ts";
import { planRules } from "./filter-plan.ts";
import { type PlanList, planLists, planRule, type RulePlan } from "./rule-plan.ts";

type Entry = ExplainedPlan["entries"][number];

/** The plan of the rules, each entry with those that ask for it, and what could not be told more narrowly. */
export function explainPlan(rules: readonly CompiledRule[]): ExplainedPlan {
  const plan = planRules(rules);
  const entries = new Map(emptyEntries(plan).map((one) => [keyOf(one.list, one.value), one]));
  const widened: ExplainedPlan["widened"] = [];
  for (const one of rules) {
    const { name: rule, file, line } = one.rule;
    const asking = { rule, file, line };
    const own = planRule(one);
    for (const key of new Set(keysOf(own, plan))) entries.get(key)?.rules.push(asking);
    widened.push(...own.widened.map((wide) => ({ ...asking, ...wide })));
  }
  return { plan, entries: [...entries.values()], widened };
}

const everyName = "every name";
const keyOf = (list: string, value: string): string => `${list} ${value}`;

function emptyEntries(plan: FilterPlan): Entry[] {
  const unasked = new Set(plan.unasked);
  const entry = (list: string, value: string): Entry => ({ list, value, rules: [] as AskingRule[] });
  return [
    ...syscallKinds.filter((kind) => !unasked.has(kind)).map((kind) => entry("event_types", kind)),
    ...planLists.flatMap((list) => (plan[list] ?? []).map((value) => entry(list, String(value)))),
    ...(plan.refused_opens ? [entry("refused_opens", everyName)] : []),
    ...(plan.refused_execs ? [entry("refused_execs", everyName)] : []),
  ];
}

/** Every entry that a rule may have asked for; not each of them is one of the plan. */
function* keysOf(rule: RulePlan, plan: FilterPlan): Generator<string> {
  for (const kind of rule.kinds) yield keyOf("event_types", kind);
  for (const list of planLists)
    for (const value of rule[list]) for (const covering of coveringValues(list, value, plan)) yield covering;
  if (rule.refusedOpens) yield keyOf("refused_opens", everyName);
  if (rule.refusedExecs) yield keyOf("refused_execs", everyName);
}

/** A prefix of the plan stands for those below it, a domain too; what is asked for whole stands for every write. */
function* coveringValues(list: PlanList, value: string, plan: FilterPlan): Generator<string> {
  if (list === "write_prefixes" || list === "open_prefixes") {
    for (const prefix of plan[list]) if (isBelow(value, prefix)) yield keyOf(list, prefix);
    if (list === "write_prefixes")
      for (const prefix of plan.open_prefixes) if (isBelow(value, prefix)) yield keyOf("open_prefixes", prefix);
  } else if (list === "change_prefixes") {
    for (const prefix of plan.change_prefixes) if (isBelow(value, prefix)) yield keyOf(list, prefix);
  } else if (list === "dns_domains") {
    const domain = value.toLowerCase();
    yield keyOf(list, domain);
    for (let dot = domain.indexOf("."); dot >= 0; dot = domain.indexOf(".", dot + 1))
      yield keyOf(list, domain.slice(dot + 1) || ".");
    yield keyOf(list, ".");
  } else yield keyOf(list, value);
}

const isBelow = (path: string, prefix: string): boolean => (path === "" ? "/" : path).startsWith(prefix);
