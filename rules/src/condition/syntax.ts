// The tree that a condition is parsed into. Spans are offsets into the condition's text.

export type Span = { start: number; end: number };

/** `proc.name`, `proc.aname[2]`, or a transformer around one: `basename(proc.exepath)`. */
export type Operand =
  | { kind: "field"; name: string; argument: string | undefined; span: Span }
  | { kind: "transform"; name: TransformName; parameters: Parameter[]; argument: string | undefined; span: Span };

/** What stands in a transformer's parentheses. */
export type Parameter = Operand | { kind: "text"; value: Value };

export type Value = { text: string; quoted: boolean; span: Span };

export type Right =
  | { kind: "value"; value: Value }
  | { kind: "list"; values: Value[] }
  | { kind: "operand"; operand: Operand };

export type Check = {
  kind: "check";
  left: Operand;
  operator: Operator;
  /** `contains anyof (a, b)`: any or all of the values. */
  quantifier: "any" | "all" | undefined;
  right: Right | undefined;
  span: Span;
};

export type Expression =
  | { kind: "and" | "or"; children: Expression[]; span: Span }
  | { kind: "not"; child: Expression; span: Span }
  | { kind: "macro"; name: string; span: Span }
  | Check;

export const transformNames = ["tolower", "toupper", "b64", "basename", "len", "join", "concat"] as const;
export type TransformName = (typeof transformNames)[number];

export const orderOperators = ["<=", "<", ">=", ">"] as const;
export const listOperators = ["in", "intersects", "pmatch"] as const;
export const textOperators = [
  "==",
  "=",
  "!=",
  "glob",
  "iglob",
  "contains",
  "icontains",
  "bcontains",
  "startswith",
  "bstartswith",
  "endswith",
  "regex",
] as const;
export type Operator =
  | "exists"
  | (typeof orderOperators)[number]
  | (typeof listOperators)[number]
  | (typeof textOperators)[number];

/** A condition that does not parse: thrown inside the parser, a value outside. */
export class ConditionError extends Error {
  readonly offset: number;

  constructor(offset: number, reason: string) {
    super(reason);
    this.offset = offset;
  }
}
