// What a policy's schema finds wrong by a check of its own has a code and numbers beside the English words, as `params` of
// Zod's issue: who shows it in another language translates it by those. Zod's own checks have Zod's codes.

export const policyIssueCodes = [
  "rules_same_name",
  "scopes_same_name",
  "policy_too_long",
  "blocking_policy_too_long",
  "no_label",
  "too_many_labels",
  "block_welcomes",
  "trial_blocks",
] as const;
export type PolicyIssueCode = (typeof policyIssueCodes)[number];

/** For a schema's `refine`: the issue in words, and as a code; `max` is the bound that was passed. */
export function policyIssue(issue: PolicyIssueCode, message: string, max?: number): PolicyIssue {
  return { message, params: { issue, ...(max !== undefined && { max }) } };
}
type PolicyIssue = { message: string; params: { issue: PolicyIssueCode; max?: number } };
