import { ruleLimits } from "../limits.ts";
import { Scanner } from "./scanner.ts";
import {
  ConditionError,
  type Expression,
  listOperators,
  type Operand,
  type Operator,
  orderOperators,
  type Parameter,
  type Right,
  type TransformName,
  textOperators,
  transformNames,
  type Value,
} from "./syntax.ts";

// Falco's grammar, read from libs' parser and its tests:
//
//   or     := and ('or' and)*
//   and    := not ('and' not)*
//   not    := 'not'* ( '(' or ')' | check )                  `not(`, `or(`, `and(` need no blank
//   check  := left condition | macro
//   left   := field | transformer '(' parameter (',' parameter)* ')'
//   field  := name ('.' name)+ ('[' argument ']')?
//   condition := 'exists'
//              | ('<=' '<' '>=' '>')             (value | transformer | val(field))
//              | ('=' 'contains' ...)            (value | transformer | val(field) | ('anyof' 'allof') list)
//              | ('in' 'intersects' 'pmatch')    (list | name of a list | transformer | val(field))
//   list   := '(' ( value (',' value)* )? ')'
//   value  := "..." | '...' | [^()"' =,]+
//
// `not` binds tighter than `and`, `and` tighter than `or`.

export type Parsed = { ok: true; expression: Expression } | { ok: false; offset: number; reason: string };

/** Parses a condition; any text whatever gives a tree, or a reason and where in the text it stands. */
export function parseCondition(text: string): Parsed {
  if (text.length > ruleLimits.conditionCharsMax) return { ok: false, offset: 0, reason: "the condition is too long" };
  try {
    return { ok: true, expression: new Parser(text).whole() };
  } catch (error) {
    if (error instanceof ConditionError) return { ok: false, offset: error.offset, reason: error.message };
    throw error;
  }
}

/** Parses the inside of `%...` of an output, or a field name of an `alert:` block. */
export function parseOperand(text: string): Operand | undefined {
  try {
    return new Parser(text).onlyOperand();
  } catch (error) {
    if (error instanceof ConditionError) return undefined;
    throw error;
  }
}

class Parser {
  readonly #scan: Scanner;
  #depth = 0;

  constructor(text: string) {
    this.#scan = new Scanner(text);
  }

  whole(): Expression {
    this.#scan.blanks();
    if (this.#scan.ended) this.#scan.fail("the condition is empty");
    const expression = this.#or();
    if (!this.#scan.ended) this.#scan.fail("expected `and`, `or` or the end");
    return expression;
  }

  onlyOperand(): Operand | undefined {
    const operand = this.#operand();
    return this.#scan.ended ? operand : undefined;
  }

  #or(): Expression {
    return this.#chain("or", () => this.#chain("and", () => this.#not()));
  }

  #chain(kind: "and" | "or", next: () => Expression): Expression {
    const start = this.#scan.at;
    const children = [next()];
    let end = this.#scan.at;
    this.#scan.blanks();
    while (this.#scan.word(kind)) {
      this.#scan.blanks();
      children.push(next());
      end = this.#scan.at;
      this.#scan.blanks();
    }
    const [only] = children;
    return children.length === 1 && only !== undefined ? only : { kind, children, span: { start, end } };
  }

  #not(): Expression {
    const start = this.#scan.at;
    if (++this.#depth > ruleLimits.nestingMax) this.#scan.fail("parentheses and `not` are nested too deep");
    let expression: Expression;
    if (this.#scan.word("not")) {
      this.#scan.blanks();
      const child = this.#not();
      expression = { kind: "not", child, span: { start, end: this.#scan.at } };
    } else if (this.#scan.symbol("(")) {
      this.#scan.blanks();
      expression = this.#or();
      this.#scan.blanks();
      if (!this.#scan.symbol(")")) this.#scan.fail("expected `)`, `and` or `or`");
    } else expression = this.#check();
    this.#depth -= 1;
    return expression;
  }

  #check(): Expression {
    const start = this.#scan.at;
    const left = this.#operand();
    if (left === undefined) {
      const name = this.#scan.name();
      if (name === undefined) this.#scan.fail("expected a field, a macro or `(`");
      return { kind: "macro", name, span: { start, end: this.#scan.at } };
    }
    this.#scan.blanks();
    const operator = this.#operator();
    const base = { kind: "check", left, operator } as const;
    if (operator === "exists") {
      return { ...base, quantifier: undefined, right: undefined, span: { start, end: this.#scan.at } };
    }
    this.#scan.blanks();
    const quantifier = this.#quantifier(operator);
    const right = this.#right(operator, quantifier !== undefined);
    return { ...base, quantifier, right, span: { start, end: this.#scan.at } };
  }

  /** A field or a transformer; a name without a dot is neither, and stays. */
  #operand(): Operand | undefined {
    const scan = this.#scan;
    const start = scan.at;
    const name = scan.dotted();
    if (name === undefined) return undefined;
    if (name.includes(".")) {
      const argument = scan.argument();
      return { kind: "field", name, argument, span: { start, end: scan.at } };
    }
    if (transformNames.includes(name as TransformName) && scan.symbol("(")) {
      const parameters = this.#parameters();
      const argument = scan.argument();
      return { kind: "transform", name: name as TransformName, parameters, argument, span: { start, end: scan.at } };
    }
    scan.at = start;
    return undefined;
  }

  #parameters(): Parameter[] {
    const scan = this.#scan;
    if (++this.#depth > ruleLimits.nestingMax) scan.fail("transformers are nested too deep");
    const out: Parameter[] = [];
    do {
      scan.blanks();
      const at = scan.at;
      const quoted = scan.text[at] === '"' || scan.text[at] === "'";
      const operand = quoted ? undefined : this.#operand();
      if (operand !== undefined) out.push(operand);
      else out.push({ kind: "text", value: this.#value("a field or a text") });
      scan.blanks();
    } while (scan.symbol(","));
    if (!scan.symbol(")")) scan.fail("expected `)`");
    this.#depth -= 1;
    return out;
  }

  #operator(): Operator {
    const scan = this.#scan;
    if (scan.word("exists")) return "exists";
    for (const symbol of ["<=", "<", ">=", ">", "==", "=", "!="] as const) if (scan.symbol(symbol)) return symbol;
    for (const word of [...listOperators, ...textOperators] as const) if (scan.word(word)) return word;
    return scan.fail("expected an operator (=, !=, <, <=, >, >=, in, contains, startswith, ..., exists)");
  }

  #quantifier(operator: Operator): "any" | "all" | undefined {
    if (!textOperators.includes(operator as (typeof textOperators)[number])) return undefined;
    const scan = this.#scan;
    const start = scan.at;
    for (const [word, quantifier] of [
      ["oneof", "any"],
      ["anyof", "any"],
      ["allof", "all"],
    ] as const) {
      if (!scan.word(word)) continue;
      scan.blanks();
      if (scan.text[scan.at] === "(") return quantifier;
      scan.at = start;
    }
    return undefined;
  }

  #right(operator: Operator, quantified: boolean): Right {
    const scan = this.#scan;
    const operand = this.#rightOperand();
    if (operand !== undefined) return { kind: "operand", operand };
    const takesList = quantified || listOperators.includes(operator as (typeof listOperators)[number]);
    if (takesList && scan.symbol("(")) return { kind: "list", values: this.#values() };
    if (takesList) return { kind: "list", values: [this.#value("a list in parentheses")] };
    const ordered = orderOperators.includes(operator as (typeof orderOperators)[number]);
    return { kind: "value", value: this.#value(ordered ? "a number" : "a value") };
  }

  /** `val(field)` or a transformer. Other words before a parenthesis are ordinary text. */
  #rightOperand(): Operand | undefined {
    const scan = this.#scan;
    const start = scan.at;
    const name = scan.name();
    if (scan.text[scan.at] === "(" && name === "val") {
      scan.at += 1;
      scan.blanks();
      const operand = this.#operand();
      scan.blanks();
      if (operand === undefined || !scan.symbol(")")) scan.fail("expected a field in val( )");
      return operand;
    }
    const isTransform = transformNames.includes(name as TransformName) && scan.text[scan.at] === "(";
    scan.at = start;
    return isTransform ? this.#operand() : undefined;
  }

  #values(): Value[] {
    const scan = this.#scan;
    const out: Value[] = [];
    scan.blanks();
    if (scan.symbol(")")) return out;
    for (;;) {
      scan.blanks();
      out.push(this.#value("a value"));
      scan.blanks();
      if (scan.symbol(")")) return out;
      if (!scan.symbol(",")) scan.fail("expected `,` or `)`");
    }
  }

  #value(what: string): Value {
    const scan = this.#scan;
    const start = scan.at;
    const quoted = scan.quoted();
    if (quoted !== undefined) return { text: quoted, quoted: true, span: { start, end: scan.at } };
    const text = scan.bare();
    if (text === undefined) return scan.fail(`expected ${what}`);
    return { text, quoted: false, span: { start, end: scan.at } };
  }
}
