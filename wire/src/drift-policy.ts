import { z } from "zod";
import { fits, isWithin, patternsSchema, type ScopeFacts, scopeShape } from "./scope.ts";

// What is to become of programs that did not come with their image. Rules in order: the first whose scope holds decides.
//
//   scope    see scope.ts
//   allow    paths of programs that are welcome within the scope
//
// What no rule decides is told.

export const driftLimits = { rulesMax: 256 } as const;

export const driftRuleSchema = z.strictObject({
  name: z.string().min(1).max(128),
  ...scopeShape,
  allow: patternsSchema.optional(),
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
export type DriftFacts = ScopeFacts & { path: string | null };

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
