import type { Scope } from "@atalaya/wire/api";

const patternLists = ["clusters", "namespaces", "pods", "containers", "images"] as const;
export const scopeLists = [...patternLists, "labels"] as const;

/** A scope while it is edited: one pattern a line, of a label `key=pattern`. */
export type ScopeText = Record<(typeof scopeLists)[number], string>;

/** Fits everything. */
export const noScope: ScopeText = { clusters: "", namespaces: "", pods: "", containers: "", images: "", labels: "" };

export function scopeText(scope: Scope): ScopeText {
  const text = { ...noScope };
  for (const name of patternLists) text[name] = (scope[name] ?? []).join("\n");
  text.labels = Object.entries(scope.labels ?? {})
    .map(([key, pattern]) => `${key}=${pattern}`)
    .join("\n");
  return text;
}

/** What the text says, for the policy's schema to judge; a list without a line is left out. */
export function scopeOf(text: ScopeText): Record<string, unknown> {
  const lists = patternLists.map((name): [string, string[]] => [name, linesOf(text[name])]);
  const labels = linesOf(text.labels).map(labelOf);
  return {
    ...Object.fromEntries(lists.filter(([, patterns]) => patterns.length > 0)),
    ...(labels.length > 0 && { labels: Object.fromEntries(labels) }),
  };
}

/** The keys of labels that stand in several lines. A key has one pattern, so that all but one of those would be dropped. */
export function repeatedKeys({ labels }: ScopeText): string[] {
  const keys = linesOf(labels)
    .filter((line) => line.includes("="))
    .map((line) => labelOf(line)[0]);
  return [...new Set(keys.filter((key, at) => keys.indexOf(key) < at))];
}

/** The lines that say something. */
export function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/** Without a sign between them the line is no key, which is said as such. */
function labelOf(line: string): [key: string, pattern: string] {
  const at = line.indexOf("=");
  return at < 0 ? [`${line} `, ""] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
}
