import { parseCondition } from "../condition/parse-condition.ts";
import type { Expression } from "../condition/syntax.ts";
import { ruleLimits } from "../limits.ts";
import { type ConditionText, type Place, Refused } from "./place.ts";

export type ListItem = { text: string; quoted: boolean };
export type ListDefinition = { name: string; order: number; place: Place; items: ListItem[] };
export type MacroDefinition = { name: string; order: number; place: Place; condition: ConditionText };

/**
 * The lists and macros of all files, by name. `order` is the place of the latest definition or append: a list sees
 * lists, and a macro macros, that come before it; a rule sees all.
 */
export class Definitions {
  readonly lists = new Map<string, ListDefinition>();
  readonly macros = new Map<string, MacroDefinition>();
  readonly #flat = new Map<string, readonly string[]>();
  readonly #parsed = new Map<MacroDefinition, Expression>();

  /** A list's items, lists inside it unfolded. Throws Refused when they are too many. */
  itemsOf(name: string): readonly string[] | undefined {
    const list = this.lists.get(name);
    if (list === undefined) return undefined;
    const known = this.#flat.get(name);
    if (known !== undefined) return known;
    const out: string[] = [];
    for (const item of list.items) {
      const inner = item.quoted ? undefined : this.lists.get(item.text);
      if (inner !== undefined && inner.order < list.order) out.push(...(this.itemsOf(item.text) ?? []));
      else out.push(item.text);
      if (out.length > ruleLimits.listItemsMax) throw new Refused(list.place, `list ${name} has too many items`);
    }
    this.#flat.set(name, out);
    return out;
  }

  /** A macro's parsed condition. Throws Refused where it does not parse. */
  expressionOf(macro: MacroDefinition): Expression {
    const known = this.#parsed.get(macro);
    if (known !== undefined) return known;
    const parsed = parseCondition(macro.condition.text);
    if (!parsed.ok) throw new Refused(macro.condition.locate(parsed.offset), `macro ${macro.name}: ${parsed.reason}`);
    this.#parsed.set(macro, parsed.expression);
    return parsed.expression;
  }
}
