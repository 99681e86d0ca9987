import { type Check, ConditionError, type Expression, type Operand, type Value } from "../condition/syntax.ts";
import type { RuleSource } from "../contract.ts";
import { ruleLimits } from "../limits.ts";
import type { Definitions, MacroDefinition } from "../load/definitions.ts";
import { type ConditionText, Refused } from "../load/place.ts";
import type { BoundOperand, OperandTable } from "./bound-operand.ts";
import { compareFields, compareValues, type Test } from "./comparison.ts";

/**
 * A condition with its macros and lists put in: what is compiled, explained and planned from. A macro is resolved once
 * and shared by all that use it. `size` counts the comparisons below.
 */
export type Node =
  | { kind: "and" | "or"; children: readonly Node[]; text: string; size: number }
  | { kind: "not"; child: Node; text: string; size: number }
  | { kind: "macro"; name: string; child: Node; text: string; size: number }
  | CheckNode;

export type CheckNode = {
  kind: "check";
  text: string;
  size: 1;
  left: BoundOperand;
  operator: Check["operator"];
  /** The values on the right; undefined when a field stands there, or nothing (`exists`). */
  values: readonly string[] | undefined;
  test: Test;
};

/** The nodes right below one. */
export function childrenOf(node: Node): readonly Node[] {
  if (node.kind === "check") return [];
  return node.kind === "not" || node.kind === "macro" ? [node.child] : node.children;
}

type Scope = { source: RuleSource; text: ConditionText; order: number; depth: number };

/** Puts macros and lists into conditions and binds their fields. Throws Refused where one cannot be. */
export class Resolver {
  readonly #definitions: Definitions;
  readonly #operands: OperandTable;
  readonly #macros = new Map<string, Node>();

  constructor(definitions: Definitions, operands: OperandTable) {
    this.#definitions = definitions;
    this.#operands = operands;
  }

  rule(source: RuleSource, text: ConditionText, expression: Expression): Node {
    const node = this.#node(expression, { source, text, order: Number.POSITIVE_INFINITY, depth: 0 });
    if (node.size <= ruleLimits.comparisonsMax) return node;
    throw new Refused(text.locate(0), `the condition has more than ${ruleLimits.comparisonsMax} comparisons`);
  }

  #node(expression: Expression, scope: Scope): Node {
    const text = textOf(scope.text.text, expression.span);
    if (expression.kind === "check") return this.#check(expression, text, scope);
    if (expression.kind === "macro") return this.#macro(expression, text, scope);
    if (expression.kind === "not") {
      const child = this.#node(expression.child, scope);
      return { kind: "not", child, text, size: child.size };
    }
    const children = expression.children.map((child) => this.#node(child, scope));
    return { kind: expression.kind, children, text, size: children.reduce((sum, child) => sum + child.size, 0) };
  }

  #macro(expression: Expression & { kind: "macro" }, text: string, scope: Scope): Node {
    const { name, span } = expression;
    const macro = this.#definitions.macros.get(name);
    const place = () => scope.text.locate(span.start);
    if (macro === undefined) throw new Refused(place(), `there is no macro \`${name}\``);
    if (macro.order >= scope.order) throw new Refused(place(), `macro \`${name}\` is defined only after this one`);
    if (scope.depth >= ruleLimits.macroDepthMax) throw new Refused(place(), "macros are nested too deep");
    const child = this.#expanded(macro, scope);
    return { kind: "macro", name, child, text, size: child.size };
  }

  #expanded(macro: MacroDefinition, scope: Scope): Node {
    const key = `${scope.source} ${macro.name}`;
    const known = this.#macros.get(key);
    if (known !== undefined) return known;
    const expression = this.#definitions.expressionOf(macro);
    const inner = { source: scope.source, text: macro.condition, order: macro.order, depth: scope.depth + 1 };
    const node = this.#node(expression, inner);
    // Refused here already: sizes multiply from macro to macro.
    if (node.size > ruleLimits.comparisonsMax) throw new Refused(macro.place, `macro ${macro.name} is too large`);
    this.#macros.set(key, node);
    return node;
  }

  #check(check: Check, text: string, scope: Scope): CheckNode {
    try {
      return this.#checked(check, text, scope);
    } catch (error) {
      if (error instanceof ConditionError) throw new Refused(scope.text.locate(error.offset), error.message);
      throw error;
    }
  }

  #checked(check: Check, text: string, scope: Scope): CheckNode {
    const { operator, right, span } = check;
    const left = this.#operands.bind(check.left, scope.source);
    const base = { kind: "check", text, size: 1, left, operator } as const;
    if (right?.kind === "operand") {
      const other = this.#operands.bind(lowered(right.operand, operator), scope.source);
      const test = compareFields(this.#compared(check, left, scope), operator, other);
      if (typeof test === "string") throw new ConditionError(span.start, test);
      return { ...base, values: undefined, test };
    }
    const values =
      right === undefined ? undefined : this.#values(right.kind === "list" ? right.values : right.value, scope);
    const test = compareValues(this.#compared(check, left, scope), operator, values ?? [], check.quantifier === "all");
    if (typeof test === "string") throw new ConditionError(span.start, test);
    return { ...base, values, test };
  }

  /** Case-insensitive operators compare the lowered value, which is made once an event. */
  #compared(check: Check, left: BoundOperand, scope: Scope): BoundOperand {
    const operand = lowered(check.left, check.operator);
    return operand === check.left ? left : this.#operands.bind(operand, scope.source);
  }

  /** A bare word that is a list's name stands for the list. */
  #values(given: Value | readonly Value[], scope: Scope): readonly string[] {
    if (Array.isArray(given)) return (given as readonly Value[]).flatMap((value) => this.#expand(value));
    const value = given as Value;
    const items = this.#expand(value);
    if (items.length === 1) return items;
    throw new Refused(scope.text.locate(value.span.start), `\`${value.text}\` is a list; compare with \`in\``);
  }

  #expand(value: Value): readonly string[] {
    return (value.quoted ? undefined : this.#definitions.itemsOf(value.text)) ?? [value.text];
  }
}

function lowered(operand: Operand, operator: Check["operator"]): Operand {
  if (operator !== "icontains" && operator !== "iglob") return operand;
  return { kind: "transform", name: "tolower", parameters: [operand], argument: undefined, span: operand.span };
}

const textOf = (text: string, span: { start: number; end: number }): string => {
  const slice = text
    .slice(span.start, Math.min(span.end, span.start + 2 * ruleLimits.whyTextCharsMax))
    .replace(/\s+/g, " ");
  return slice.length > ruleLimits.whyTextCharsMax ? `${slice.slice(0, ruleLimits.whyTextCharsMax)}…` : slice;
};
