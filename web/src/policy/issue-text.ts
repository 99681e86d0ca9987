import type { Dictionary } from "../text/en.ts";
import type { FormIssue, SchemaIssue } from "./read-forms.ts";
import { scopeLists } from "./scope-text.ts";

/** What is wrong, in a sentence's second half. */
export function issueText(issue: FormIssue, text: Dictionary): string {
  if ("repeats" in issue) return text.scope.keyRepeated(issue.repeats);
  if ("lacks" in issue) return text.scope.noName;
  const { coded, message } = issue;
  const what = coded === undefined ? message : text.scope.issues[coded.code](coded.max);
  const field = fieldText(issue, text);
  return field === "" ? what : `${field}: ${what}`;
}

/** Which field, as it is called above it, and which part of it. */
function fieldText({ field: [name, part] }: SchemaIssue, text: Dictionary): string {
  if (name === undefined) return "";
  const list = scopeLists.find((one) => one === name);
  const own = { name: text.drift.name, allow: text.drift.allow, action: text.drift.action } as Record<string, string>;
  const called = list === undefined ? (own[name] ?? String(name)) : text.scope.lists[list];
  if (part === undefined) return called;
  return `${called}, ${typeof part === "number" ? text.scope.pattern(part + 1) : part.trim()}`;
}
