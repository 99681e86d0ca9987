import { type DriftPolicy, type DriftRule, driftPolicySchema } from "@atalaya/wire/api";
import { newKey, type ReadForms, readRows } from "../policy/read-forms.ts";
import { linesOf, noScope, type ScopeText, scopeOf, scopeText } from "../policy/scope-text.ts";

export const actions = ["ignore", "alert", "block"] as const satisfies readonly DriftRule["action"][];

/** A rule while it is edited: its lists are text, one pattern a line. `key` stays with it wherever it is moved. */
export type RuleForm = {
  key: number;
  name: string;
  action: DriftRule["action"];
  isTrial: boolean;
  scope: ScopeText;
  allow: string;
};

/** What begins as a new rule: it would only try what it blocks. */
export function newForm(): RuleForm {
  return { key: newKey(), name: "", action: "alert", isTrial: true, scope: noScope, allow: "" };
}

export function formsOf({ rules }: DriftPolicy): RuleForm[] {
  return rules.map((rule) => ({
    key: newKey(),
    name: rule.name,
    action: rule.action,
    isTrial: rule.action === "block" ? rule.trial === true : true,
    scope: scopeText(rule),
    allow: (rule.allow ?? []).join("\n"),
  }));
}

/** `block` knows no welcome programs. */
export function knowsAllow(action: DriftRule["action"]): boolean {
  return action !== "block";
}

/** The policy that the forms say, or what is wrong with them. */
export function readForms(forms: readonly RuleForm[]): ReadForms<DriftPolicy> {
  const rules = forms.map(({ name, action, isTrial, scope, allow }) => {
    const welcome = knowsAllow(action) ? linesOf(allow) : [];
    return {
      name: name.trim(),
      ...scopeOf(scope),
      ...(welcome.length > 0 && { allow: welcome }),
      action,
      ...(action === "block" && isTrial && { trial: true }),
    };
  });
  return readRows(driftPolicySchema, "rules", rules, forms);
}

/** The same, one place further up (-1) or down (1). */
export function moved(forms: readonly RuleForm[], at: number, by: -1 | 1): RuleForm[] {
  const list = [...forms];
  const [form] = list.splice(at, 1);
  if (form !== undefined) list.splice(at + by, 0, form);
  return list;
}
