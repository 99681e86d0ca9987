import { type DriftPolicy, type DriftRule, driftPolicySchema } from "@atalaya/wire/api";

const patternLists = ["clusters", "namespaces", "pods", "containers", "images"] as const;
export type ListName = (typeof patternLists)[number] | "labels" | "allow";
export const actions = ["ignore", "alert", "block"] as const satisfies readonly DriftRule["action"][];

/** A rule while it is edited: its lists are text, one pattern a line, of a label `key=pattern`. `key` stays with it wherever it is moved. */
export type RuleForm = {
  key: number;
  name: string;
  action: DriftRule["action"];
  isTrial: boolean;
  lists: Record<ListName, string>;
};

let keys = 0;

/** What begins as a new rule: it would only try what it blocks. */
export function newForm(): RuleForm {
  const lists = { clusters: "", namespaces: "", pods: "", containers: "", images: "", labels: "", allow: "" };
  return { key: ++keys, name: "", action: "alert", isTrial: true, lists };
}

export function formsOf({ rules }: DriftPolicy): RuleForm[] {
  return rules.map((rule) => {
    const form = newForm();
    for (const name of [...patternLists, "allow"] as const) form.lists[name] = (rule[name] ?? []).join("\n");
    const labels = Object.entries(rule.labels ?? {}).map(([key, pattern]) => `${key}=${pattern}`);
    form.lists.labels = labels.join("\n");
    const isTrial = rule.action === "block" ? rule.trial === true : true;
    return { ...form, name: rule.name, action: rule.action, isTrial };
  });
}

/** The lists of which an action makes use. */
export function listsOf(action: DriftRule["action"]): readonly ListName[] {
  return [...patternLists, "labels", ...(action === "block" ? [] : (["allow"] as const))];
}

export type ReadForms = { ok: true; policy: DriftPolicy } | { ok: false; issues: { rule: string; message: string }[] };

/** The policy that the forms say, or what is wrong with them. */
export function readForms(forms: readonly RuleForm[]): ReadForms {
  const rules = forms.map((form) => {
    const lists = listsOf(form.action).flatMap((name): [string, string[] | Record<string, string>][] => {
      const patterns = form.lists[name].split("\n").map((line) => line.trim());
      const given = patterns.filter((line) => line !== "");
      if (given.length === 0) return [];
      return [[name, name === "labels" ? Object.fromEntries(given.map(labelOf)) : given]];
    });
    const trial = form.action === "block" && form.isTrial ? { trial: true } : {};
    return { name: form.name.trim(), ...Object.fromEntries(lists), action: form.action, ...trial };
  });
  const read = driftPolicySchema.safeParse({ rules });
  if (read.success) return { ok: true, policy: read.data };
  const issues = read.error.issues.map(({ path, message }) => {
    const at = typeof path[1] === "number" ? path[1] : undefined;
    const rule = at === undefined ? "" : `${at + 1}${rules[at]?.name ? ` (${rules[at].name})` : ""}`;
    return { rule, message: `${path.slice(2).join(".")} ${message}`.trim() };
  });
  return { ok: false, issues };
}

/** Without a sign between them the line is no key, which is said as such. */
function labelOf(line: string): [key: string, pattern: string] {
  const at = line.indexOf("=");
  return at < 0 ? [`${line} `, ""] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
}

/** The same, one place further up (-1) or down (1). */
export function moved(forms: readonly RuleForm[], at: number, by: -1 | 1): RuleForm[] {
  const list = [...forms];
  const [form] = list.splice(at, 1);
  if (form !== undefined) list.splice(at + by, 0, form);
  return list;
}
