import { z } from "zod";
import { globMatches } from "./glob.ts";

// What is to become of programs that did not come with their image. Rules in order: the first whose scope holds decides.
//
//   scope    every list that is given has a pattern that fits; a list that is left out fits everything
//   pattern  text, with * for anything (a slash, too) and ? for one character
//   allow    paths of programs that are welcome within the scope
//
// What no rule decides is told. A field that is not known fits only where its list is left out.

export const driftLimits = { rulesMax: 256, patternsMax: 64, patternCharsMax: 512 } as const;

const patterns = z.array(z.string().min(1).max(driftLimits.patternCharsMax)).min(1).max(driftLimits.patternsMax);

export const driftRuleSchema = z.strictObject({
  name: z.string().min(1).max(128),
  clusters: patterns.optional(),
  namespaces: patterns.optional(),
  pods: patterns.optional(),
  containers: patterns.optional(),
  images: patterns.optional(),
  allow: patterns.optional(),
  action: z.enum(["ignore", "alert"]),
});
export type DriftRule = z.infer<typeof driftRuleSchema>;

export const driftPolicySchema = z.strictObject({
  rules: z
    .array(driftRuleSchema)
    .max(driftLimits.rulesMax)
    .refine((rules) => new Set(rules.map((rule) => rule.name)).size === rules.length, "two rules have the same name"),
});
export type DriftPolicy = z.infer<typeof driftPolicySchema>;

/** A program that ran, as far as it is known. */
export type DriftFacts = {
  cluster: string;
  namespace: string | null;
  pod: string | null;
  container: string | null;
  image: string | null;
  path: string | null;
};

/** What is decided, and by which rule; null where no rule did. */
export type DriftDecision = { action: DriftRule["action"]; rule: string | null };

const told: DriftDecision = { action: "alert", rule: null };

export function decideDrift(policy: DriftPolicy, facts: DriftFacts): DriftDecision {
  for (const rule of policy.rules) {
    if (!isWithin(rule, facts)) continue;
    const isWelcome = rule.allow !== undefined && fits(rule.allow, facts.path);
    return { action: isWelcome ? "ignore" : rule.action, rule: rule.name };
  }
  return told;
}

function isWithin(rule: DriftRule, facts: DriftFacts): boolean {
  return (
    fits(rule.clusters, facts.cluster) &&
    fits(rule.namespaces, facts.namespace) &&
    fits(rule.pods, facts.pod) &&
    fits(rule.containers, facts.container) &&
    fits(rule.images, facts.image)
  );
}

function fits(list: readonly string[] | undefined, value: string | null): boolean {
  if (list === undefined) return true;
  return value !== null && list.some((pattern) => globMatches(pattern, value));
}
