import { type PolicyIssueCode, policyIssueCodes } from "@atalaya/wire/api";
import type { core } from "zod";

/** What an issue of a policy's schema is called, to be said in any language: of the schema's own checks, and of Zod's. */
export type IssueCode = PolicyIssueCode | "empty" | "too_long" | "too_many" | "no_label_key";
export type CodedIssue = { code: IssueCode; max: number };

/** The code of an issue, and the bound that was passed where it is about one; undefined where this page knows none. */
export function codeOf(issue: core.$ZodIssue): CodedIssue | undefined {
  if (issue.code === "custom") {
    const { issue: named, max } = (issue.params ?? {}) as { issue?: unknown; max?: unknown };
    const code = policyIssueCodes.find((one) => one === named);
    return code && { code, max: Number(max ?? 0) };
  }
  if (issue.code === "invalid_key") return { code: "no_label_key", max: 0 };
  if (issue.code === "too_small" && issue.origin === "string") return { code: "empty", max: 0 };
  if (issue.code !== "too_big") return undefined;
  return { code: issue.origin === "string" ? "too_long" : "too_many", max: Number(issue.maximum) };
}
