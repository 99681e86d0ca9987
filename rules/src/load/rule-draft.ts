import { type Priority, priorities } from "@atalaya/wire";
import type { AlertText, Correlation, RuleSource } from "../contract.ts";
import { readAlert, readCorrelation } from "./alert-block.ts";
import { joinConditions, wrapCondition } from "./condition-pieces.ts";
import { type Exception, exceptionText, mergeExceptions } from "./exceptions.ts";
import type { ConditionText, Place } from "./place.ts";
import type { YamlItem } from "./yaml-items.ts";

/** A rule as its items say, appends and overrides applied; not parsed yet. */
export type RuleDraft = {
  name: string;
  source: RuleSource;
  pack: string;
  place: Place;
  outputPlace: Place;
  description: string;
  priority: Priority;
  condition: ConditionText;
  output: string;
  tags: string[];
  enabled: boolean;
  exceptions: Exception[];
  alert: AlertText | undefined;
  alertPlace: Place;
  correlate: Correlation | undefined;
  correlatePlace: Place;
  /** Fields that are not known make the rule vanish instead of being a problem. */
  skipUnknown: boolean;
};

export const ruleKeys = new Set(
  "rule desc condition output priority tags source enabled exceptions alert correlate append override warn_evttypes skip-if-unknown-filter capture capture_duration".split(
    " ",
  ),
);

export function newDraft(item: YamlItem, name: string, source: RuleSource, pack: string): RuleDraft {
  const draft: RuleDraft = {
    name,
    source,
    pack,
    place: item.place,
    outputPlace: item.placeOf("output"),
    description: item.requiredText("desc").trim(),
    priority: priorityOf(item),
    condition: item.conditionText("condition") ?? item.refuse("condition", "is missing"),
    output: item.requiredText("output").trim(),
    tags: item.texts("tags") ?? [],
    enabled: item.boolean("enabled") ?? true,
    exceptions: [],
    alert: readAlert(item),
    alertPlace: item.placeOf("alert"),
    correlate: readCorrelation(item),
    correlatePlace: item.placeOf("correlate"),
    skipUnknown: item.boolean("skip-if-unknown-filter") ?? false,
  };
  mergeExceptions(draft.exceptions, item);
  return draft;
}

const aliases: Readonly<Record<string, Priority>> = { info: "Informational" };

function priorityOf(item: YamlItem): Priority {
  const given = item.requiredText("priority").toLowerCase();
  const known = aliases[given] ?? priorities.find((priority) => priority.toLowerCase() === given);
  return known ?? item.refuse("priority", `is none of ${priorities.join(", ")}`);
}

/** `append: true`: the condition's text is added behind, exceptions by name, tags. */
export function appendToRule(draft: RuleDraft, item: YamlItem): void {
  const more = item.conditionText("condition");
  if (more !== undefined) draft.condition = joinConditions([draft.condition, more], " ");
  mergeExceptions(draft.exceptions, item);
  draft.tags.push(...(item.texts("tags") ?? []));
}

const replaceable = new Set(
  "condition output desc priority tags exceptions enabled warn_evttypes skip-if-unknown-filter capture capture_duration alert correlate".split(
    " ",
  ),
);
const appendable = new Set(["condition", "output", "desc", "tags", "exceptions"]);

/** The `override:` block of an item: what it says of each key. */
export function overridesOf(item: YamlItem): Map<string, "append" | "replace"> | undefined {
  const block = item.item("override");
  if (block === undefined) return undefined;
  if (item.has("append")) item.refuse("append", "cannot stand beside `override`");
  const out = new Map<string, "append" | "replace">();
  for (const key of block.keys()) {
    const how = block.text(key);
    if (how !== "append" && how !== "replace") block.refuse(key, "is neither append nor replace");
    else out.set(key, how);
    if (!item.has(key)) block.refuse(key, "is overridden, but the item does not give it");
  }
  return out;
}

export function overrideRule(
  draft: RuleDraft,
  item: YamlItem,
  overrides: ReadonlyMap<string, "append" | "replace">,
): void {
  for (const key of item.keys()) {
    if (key !== "rule" && key !== "override" && key !== "source" && !overrides.has(key)) {
      item.refuse(key, "is given, but `override` does not say how");
    }
  }
  for (const [key, how] of overrides) {
    if (!(how === "append" ? appendable : replaceable).has(key)) item.refuse(key, `cannot be overridden by ${how}`);
    if (how === "append") appendKey(draft, item, key);
    else replaceKey(draft, item, key);
  }
}

function appendKey(draft: RuleDraft, item: YamlItem, key: string): void {
  if (key === "condition" || key === "tags" || key === "exceptions") {
    const more = key === "condition" ? item.conditionText(key) : undefined;
    if (more !== undefined) draft.condition = joinConditions([draft.condition, more], " ");
    if (key === "tags") draft.tags.push(...(item.texts("tags") ?? []));
    if (key === "exceptions") mergeExceptions(draft.exceptions, item);
  } else if (key === "output") draft.output += ` ${item.requiredText("output").trim()}`;
  else draft.description += ` ${item.requiredText("desc").trim()}`;
}

function replaceKey(draft: RuleDraft, item: YamlItem, key: string): void {
  if (key === "condition") draft.condition = item.conditionText(key) ?? draft.condition;
  else if (key === "output") {
    draft.output = item.requiredText(key).trim();
    draft.outputPlace = item.placeOf(key);
  } else if (key === "desc") draft.description = item.requiredText(key).trim();
  else if (key === "priority") draft.priority = priorityOf(item);
  else if (key === "tags") draft.tags = item.texts(key) ?? [];
  else if (key === "enabled") draft.enabled = item.boolean(key) ?? draft.enabled;
  else if (key === "alert") draft.alert = readAlert(item);
  else if (key === "correlate") draft.correlate = readCorrelation(item);
  else if (key === "skip-if-unknown-filter") draft.skipUnknown = item.boolean(key) ?? draft.skipUnknown;
  else if (key === "exceptions") {
    draft.exceptions = [];
    mergeExceptions(draft.exceptions, item);
  }
}

/** The condition with the exceptions behind it; Falco puts the base in parentheses only then. */
export function wholeCondition(draft: RuleDraft): ConditionText {
  const exceptions = exceptionText(draft.exceptions);
  return exceptions === "" ? draft.condition : wrapCondition("(", draft.condition, `)${exceptions}`);
}
