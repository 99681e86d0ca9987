import { emptyFilterPlan, type FilterPlan } from "@atalaya/wire";
import type { CompiledRule } from "../evaluate/compiled-rule.ts";
import { ruleLimits } from "../limits.ts";
import { requirementOf } from "./condition-requirement.ts";
import { asksForQuestions, planDomains } from "./domain-requirement.ts";
import type { Alternative, Requirement } from "./requirement.ts";

type RulePlan = {
  openNames: Set<string>;
  writePrefixes: Set<string>;
  execNames: Set<string>;
  domains: Set<string>;
  unplanned: string | undefined;
};

/** What the kernel must let through so that each of the rules can match. */
export function planRules(rules: readonly CompiledRule[]): FilterPlan {
  const openNames = new Set<string>();
  const prefixes = new Set<string>();
  const execNames = new Set<string>();
  const domains = new Set<string>();
  for (const rule of rules) {
    const plan = planRule(rule);
    for (const name of plan.openNames) openNames.add(name);
    for (const name of plan.execNames) execNames.add(name);
    for (const prefix of plan.writePrefixes) prefixes.add(prefix);
    for (const domain of plan.domains) domains.add(domain);
  }
  return {
    ...emptyFilterPlan,
    open_names: bounded(openNames),
    write_prefixes: coveringPrefixes([...prefixes]),
    exec_names: bounded(execNames),
    dns_domains: planDomains(domains),
  };
}

/** Why some opens that the rule could match are not reported; undefined when all are. */
export const unplannedOpens = (rule: CompiledRule): string | undefined => planRule(rule).unplanned;

/** The same rule is planned at every switch of every workspace. */
const planned = new WeakMap<CompiledRule, RulePlan>();

function planRule(rule: CompiledRule): RulePlan {
  const known = planned.get(rule);
  if (known !== undefined) return known;
  const plan: RulePlan = {
    openNames: new Set(),
    writePrefixes: new Set(),
    execNames: new Set(),
    domains: new Set(),
    unplanned: undefined,
  };
  addOpens(plan, requirementOf(rule.node, "open"));
  addRefused(plan, requirementOf(rule.node, "open_failed"));
  // A rule that takes any start of a program rarely means refused ones: they are reported for names that are asked for.
  for (const { names } of requirementOf(rule.node, "exec_failed"))
    for (const name of names ?? []) plan.execNames.add(name);
  if (asksForQuestions(rule.node)) addQuestions(plan, requirementOf(rule.node, "dns_query"));
  planned.set(rule, plan);
  return plan;
}

function addOpens(plan: RulePlan, requirement: Requirement): void {
  for (const { names, prefixes, components, write } of requirement) {
    if (names !== undefined) for (const name of names) plan.openNames.add(name);
    else if (write && prefixes !== undefined) for (const prefix of prefixes) plan.writePrefixes.add(prefix);
    else if (components !== undefined) for (const component of components) plan.openNames.add(component);
    else {
      plan.unplanned =
        "it does not say which files (a name, or for writing the start of a path), so the kernel cannot pick its opens; it sees those that other rules ask for";
    }
  }
}

/** Of a refused open only what the caller wrote is known: the kernel picks it by its last name alone. */
function addRefused(plan: RulePlan, requirement: Requirement): void {
  const nameless = (one: Alternative) => one.names === undefined;
  for (const { names } of requirement) for (const name of names ?? []) plan.openNames.add(name);
  if (requirement.some(nameless)) {
    plan.unplanned ??= "it does not say the names of the files, so the kernel cannot pick the opens that were refused";
  }
}

function addQuestions(plan: RulePlan, requirement: Requirement): void {
  for (const { components } of requirement) for (const domain of components ?? ["."]) plan.domains.add(domain);
}

function bounded(names: ReadonlySet<string>): string[] {
  // A longer name cannot exist, nor an empty one.
  const possible = [...names].filter((name) => name !== "" && Buffer.byteLength(name) <= ruleLimits.planNameBytesMax);
  return possible.sort().slice(0, ruleLimits.planNamesMax);
}

/** Few enough prefixes that cover all: the longest give way to the folder above until they fit. */
export function coveringPrefixes(given: readonly string[]): string[] {
  let prefixes = withoutCovered(given.map(cut));
  while (prefixes.length > ruleLimits.planPrefixesMax) {
    const longest = prefixes.reduce((a, b) =>
      depth(b) > depth(a) || (depth(b) === depth(a) && b.length > a.length) ? b : a,
    );
    const trimmed = longest.endsWith("/") ? longest.slice(0, -1) : longest;
    const shorter = trimmed.slice(0, trimmed.lastIndexOf("/") + 1);
    prefixes = withoutCovered([...prefixes.filter((one) => one !== longest), shorter === "" ? "/" : shorter]);
  }
  return prefixes.sort();
}

const depth = (path: string): number => path.split("/").length;

function withoutCovered(prefixes: readonly string[]): string[] {
  const unique = [...new Set(prefixes)];
  return unique.filter((one) => !unique.some((other) => other !== one && one.startsWith(other)));
}

/** At most as many bytes as the kernel compares, whole characters only; a path starts with a slash. */
function cut(prefix: string): string {
  if (prefix === "") return "/";
  let out = prefix;
  while (Buffer.byteLength(out) > ruleLimits.planPrefixBytesMax) out = out.slice(0, -1);
  return out;
}
