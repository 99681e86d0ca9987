import type { RuleFile, RuleProblem, RuleSource } from "../contract.ts";
import { ruleLimits } from "../limits.ts";
import { joinConditions } from "./condition-pieces.ts";
import { Definitions, type ListItem } from "./definitions.ts";
import { copied } from "./exceptions.ts";
import { type Place, Refused } from "./place.ts";
import { appendToRule, newDraft, overrideRule, overridesOf, type RuleDraft, ruleKeys } from "./rule-draft.ts";
import { type YamlItem, YamlSource } from "./yaml-items.ts";

const sources = new Set<string>(["syscall", "k8s_audit", "sensor"]);

/** Reads all files in order: lists and macros by name, rules in the order of their first definition. */
export class Collector {
  readonly definitions = new Definitions();
  readonly rules = new Map<string, RuleDraft>();
  readonly problems: RuleProblem[] = [];
  readonly warnings: RuleProblem[] = [];
  /** Items of a source that is not ours: later items for the same name are skipped, too. */
  readonly #foreign = new Set<string>();
  /** Rules whose first definition was refused; so that an append to one is no second problem. */
  readonly #refused = new Set<string>();
  /** How often a list, macro or rule was added to, by kind and name. */
  readonly #appended = new Map<string, number>();
  #order = 0;

  read(file: RuleFile): void {
    const source = new YamlSource(file);
    this.problems.push(...source.problems);
    for (const item of source.items) {
      this.#order += 1;
      try {
        this.#item(item, file.pack);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        this.problems.push({ ...error.place, reason: error.message });
      }
    }
  }

  #warn(place: Place, reason: string): void {
    this.warnings.push({ ...place, reason });
  }

  #item(item: YamlItem, pack: string): void {
    if (item.has("required_engine_version") || item.has("required_plugin_versions")) return;
    if (item.has("list")) this.#list(item);
    else if (item.has("macro")) this.#macro(item);
    else if (item.has("rule")) this.#rule(item, pack);
    else this.#warn(item.place, "this item is neither a list, a macro nor a rule; it is ignored");
  }

  #unknownKeys(item: YamlItem, known: ReadonlySet<string>): void {
    for (const key of item.keys()) {
      if (!known.has(key)) this.#warn(item.placeOf(key), `the key \`${key}\` is not known here; it is ignored`);
    }
  }

  #appends(item: YamlItem, key: string): "append" | "replace" | undefined {
    const override = overridesOf(item)?.get(key);
    return override ?? (item.boolean("append") === true ? "append" : undefined);
  }

  /** Each append copies what was there, and places are looked up through each. */
  #countAppend(item: YamlItem, kind: "list" | "macro" | "rule", name: string): void {
    const key = `${kind} ${name}`;
    const times = (this.#appended.get(key) ?? 0) + 1;
    if (times > ruleLimits.appendsMax) item.refuse(kind, `is added to more than ${ruleLimits.appendsMax} times`);
    this.#appended.set(key, times);
  }

  #list(item: YamlItem): void {
    const name = item.requiredText("list");
    this.#unknownKeys(item, listKeys);
    const items = (item.texts("items") ?? item.refuse("items", "is missing")).map(listItem);
    const how = this.#appends(item, "items");
    const known = this.definitions.lists.get(name);
    if (how !== undefined && known === undefined)
      item.refuse("list", `${name} is not defined before, so nothing can be added`);
    if (how === "append") this.#countAppend(item, "list", name);
    const all = how === "append" && known !== undefined ? [...known.items, ...items] : items;
    this.definitions.lists.set(name, { name, order: this.#order, place: item.place, items: all });
  }

  #macro(item: YamlItem): void {
    const name = item.requiredText("macro");
    this.#unknownKeys(item, macroKeys);
    const condition = item.conditionText("condition") ?? item.refuse("condition", "is missing");
    const how = this.#appends(item, "condition");
    const known = this.definitions.macros.get(name);
    if (how !== undefined && known === undefined)
      item.refuse("macro", `${name} is not defined before, so nothing can be added`);
    if (how === "append") this.#countAppend(item, "macro", name);
    const whole =
      how === "append" && known !== undefined ? joinConditions([known.condition, condition], " ") : condition;
    this.definitions.macros.set(name, { name, order: this.#order, place: item.place, condition: whole });
  }

  #rule(item: YamlItem, pack: string): void {
    const name = item.requiredText("rule");
    this.#unknownKeys(item, ruleKeys);
    const source = item.text("source") ?? this.rules.get(name)?.source ?? "syscall";
    if (!sources.has(source)) {
      this.#foreign.add(name);
      this.#warn(
        item.placeOf("source"),
        `rule ${name} is for source ${source}, which is not evaluated here; it is skipped`,
      );
      return;
    }
    const overrides = overridesOf(item);
    const changes = overrides !== undefined || item.boolean("append") === true || isSwitch(item);
    if (changes) this.#change(item, name, overrides);
    else this.#define(item, name, source as RuleSource, pack);
  }

  #define(item: YamlItem, name: string, source: RuleSource, pack: string): void {
    const known = this.rules.get(name);
    if (known !== undefined && known.source !== source) item.refuse("source", `of rule ${name} cannot change`);
    try {
      // Map keeps the first definition's place in the order.
      this.rules.set(name, newDraft(item, name, source, pack));
    } catch (error) {
      this.#refused.add(name);
      if (error instanceof Refused) throw new Refused(error.place, `rule ${JSON.stringify(name)}: ${error.message}`);
      throw error;
    }
  }

  #change(item: YamlItem, name: string, overrides: ReturnType<typeof overridesOf>): void {
    const known = this.rules.get(name);
    if (known === undefined) {
      if (this.#foreign.has(name) || this.#refused.has(name)) return;
      item.refuse("rule", `${name} is not defined before, so nothing can be changed`);
      return;
    }
    this.#countAppend(item, "rule", name);
    // Changed on a copy: what is refused half-way leaves the rule as it was.
    const draft = { ...known, tags: [...known.tags], exceptions: known.exceptions.map(copied) };
    if (overrides !== undefined) overrideRule(draft, item, overrides);
    else if (item.boolean("append") === true) appendToRule(draft, item);
    else draft.enabled = item.boolean("enabled") ?? draft.enabled;
    this.rules.set(name, draft);
  }
}

const listKeys = new Set(["list", "items", "append", "override"]);
const macroKeys = new Set(["macro", "condition", "append", "override"]);

/** The old form of switching a rule: its name and `enabled`, nothing else. */
const isSwitch = (item: YamlItem): boolean =>
  item.has("enabled") && !["condition", "output", "desc", "priority"].some((key) => item.has(key));

/** `'"10.0.0.0/8"'`: quotes inside the YAML text are the condition's quotes. */
function listItem(text: string): ListItem {
  const inner = /^(["'])([\s\S]*)\1$/.exec(text);
  return inner === null ? { text, quoted: false } : { text: inner[2] ?? "", quoted: true };
}
