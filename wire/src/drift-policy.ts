import * as z from "zod";
import { policyIssue } from "./policy-issues.ts";
import { fits, isSurelyWithin, isWithin, patternsSchema, type ScopeFacts, scopeShape } from "./scope.ts";

// What is to become of programs that did not come with their image. Rules in order: the first whose scope holds decides.
//
//   scope    see scope.ts
//   allow    paths of programs that are welcome within the scope
//   block    the kernel ends such a program before its first instruction, where the node's own file permits it; it looks
//            at containers as a whole, not at paths, so that no list of welcome programs goes with it
//   trial    with block: the program runs, and its event says what would have been
//
// What no rule decides is told.

export const driftLimits = {
  rulesMax: 256,
  /** As JSON, of a policy that blocks: it travels in every node's desired state. */
  blockingCharsMax: 262_144,
} as const;

export const driftRuleSchema = z
  .strictObject({
    name: z.string().min(1).max(128),
    ...scopeShape,
    allow: patternsSchema.optional(),
    action: z.enum(["ignore", "alert", "block"]),
    trial: z.boolean().optional(),
  })
  .refine(({ action, allow }) => action !== "block" || allow === undefined, {
    path: ["allow"],
    ...policyIssue("block_welcomes", "block knows no welcome programs: the kernel looks at containers, not at paths"),
  })
  .refine(({ action, trial }) => action === "block" || trial === undefined, {
    path: ["trial"],
    ...policyIssue("trial_blocks", "only what blocks can be on trial"),
  });
export type DriftRule = z.infer<typeof driftRuleSchema>;

export const driftPolicySchema = z
  .strictObject({
    rules: z
      .array(driftRuleSchema)
      .max(driftLimits.rulesMax)
      .refine(
        (rules) => new Set(rules.map((rule) => rule.name)).size === rules.length,
        policyIssue("rules_same_name", "two rules have the same name"),
      ),
  })
  .refine(
    (policy) => !blocksSomewhere(policy) || JSON.stringify(policy).length <= driftLimits.blockingCharsMax,
    policyIssue(
      "blocking_policy_too_long",
      `a policy that blocks has at most ${driftLimits.blockingCharsMax} characters`,
      driftLimits.blockingCharsMax,
    ),
  );
export type DriftPolicy = z.infer<typeof driftPolicySchema>;

/** Of a policy that blocks somewhere: a node has to know it. */
export function blocksSomewhere(policy: { rules: readonly Pick<DriftRule, "action">[] }): boolean {
  return policy.rules.some((rule) => rule.action === "block");
}

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

/**
 * The rule by which brought programs are blocked in a container, before any of them is known. Undefined where another
 * rule decides, and where what is not known of the container could make another rule decide: that is never blocked.
 */
export function blockIn(policy: DriftPolicy, facts: ScopeFacts): { rule: string; isTrial: boolean } | undefined {
  for (const rule of policy.rules) {
    const isSure = isSurelyWithin(rule, facts);
    if (isSure === false) continue;
    if (isSure === undefined || rule.action !== "block") return undefined;
    return { rule: rule.name, isTrial: rule.trial === true };
  }
  return undefined;
}
