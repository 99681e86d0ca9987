import { type RecorderPolicy, recorderPolicySchema } from "@atalaya/wire/api";
import { newKey, type ReadForms, readRows } from "../policy/read-forms.ts";
import { noScope, type ScopeText, scopeOf, scopeText } from "../policy/scope-text.ts";

/** A scope of the recorder's policy while it is edited. */
export type ScopeForm = { key: number; name: string; scope: ScopeText };

export function newScope(): ScopeForm {
  return { key: newKey(), name: "", scope: noScope };
}

export function formsOf({ scopes }: RecorderPolicy): ScopeForm[] {
  return scopes.map((scope) => ({ key: newKey(), name: scope.name, scope: scopeText(scope) }));
}

/** The policy that the forms say, or what is wrong with them. */
export function readForms(forms: readonly ScopeForm[]): ReadForms<RecorderPolicy> {
  return readRows(
    recorderPolicySchema,
    "scopes",
    forms.map(({ name, scope }) => ({ name: name.trim(), ...scopeOf(scope) })),
    forms,
  );
}

/** Whether it names nothing: every container of every node would be recorded. */
export function isEverything({ scope }: ScopeForm): boolean {
  return Object.keys(scopeOf(scope)).length === 0;
}
