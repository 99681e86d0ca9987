import type { BoundOperand } from "../compile/bound-operand.ts";
import type { Test } from "../compile/comparison.ts";
import type { Node } from "../compile/resolve.ts";
import type { Rule } from "../contract.ts";
import type { Template } from "../output/template.ts";

/** A rule with everything that evaluation needs, made once at load. */
export type CompiledRule = {
  rule: Rule;
  node: Node;
  test: Test;
  output: Template;
  /** The fields whose values, with the rule's name, make the fold key. */
  fold: readonly BoundOperand[];
  correlate: CompiledCorrelation | undefined;
};

export type CompiledCorrelation = {
  field: BoundOperand | undefined;
  groupBy: readonly BoundOperand[];
  /** Equal where rule and block are unchanged: then open windows survive a reload. */
  identity: string;
};
