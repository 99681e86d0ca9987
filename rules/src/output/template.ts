import type { BoundOperand, OperandTable } from "../compile/bound-operand.ts";
import { parseOperand } from "../condition/parse-condition.ts";
import { ConditionError } from "../condition/syntax.ts";
import type { RuleSource } from "../contract.ts";
import type { EventView } from "../event-view.ts";
import { jsonValue, valueText } from "./value-text.ts";

/** A text with `%fields`, ready to be filled in. */
export type Template = {
  render(view: EventView): string;
  /** The fields by their token, as Falco's `output_fields`; missing is null. */
  fields(view: EventView): Record<string, unknown>;
};

export type TemplateProblem = { offset: number; reason: string };

type Part = { token: string; width: number; operand: BoundOperand };

// `%20proc.name` pads or cuts to a width; `*%` (Falco's old "also when missing") means nothing more today.
const token = /\*?%(\d{1,3})?([a-z0-9_]+\([^()]*\)|[A-Za-z][A-Za-z0-9_.]*(?:\[[^\]]*\])?)/g;

/**
 * Reads a text with `%fields`. The longest name that is a field wins: `%proc.name.` is a field and a full stop. A
 * `%` that starts no field is a problem in an `output`, and stays as it is in the texts of an `alert:` block.
 */
export function makeTemplate(
  text: string,
  source: RuleSource,
  operands: OperandTable,
): { template: Template; problems: TemplateProblem[] } {
  const parts: (string | Part)[] = [];
  const problems: TemplateProblem[] = [];
  let at = 0;
  for (const match of text.matchAll(token)) {
    const [whole, width, written = ""] = match;
    const found = longestField(written, source, operands);
    if (found === undefined) {
      problems.push({ offset: match.index, reason: `%${written} is no field of source ${source}` });
      continue;
    }
    if (match.index > at) parts.push(text.slice(at, match.index));
    parts.push({ token: found.written, width: Number(width ?? 0), operand: found.operand });
    at = match.index + whole.length - (written.length - found.written.length);
  }
  if (at < text.length) parts.push(text.slice(at));
  return { template: templateOf(parts), problems };
}

const fieldCharsMax = 300;

function longestField(written: string, source: RuleSource, operands: OperandTable) {
  let name = written.slice(0, fieldCharsMax);
  while (name.includes(".")) {
    const operand = parseOperand(name);
    try {
      if (operand !== undefined) return { written: name, operand: operands.bind(operand, source) };
    } catch (error) {
      if (!(error instanceof ConditionError)) throw error;
    }
    name = name.endsWith("]") ? name.slice(0, name.lastIndexOf("[")) : name.slice(0, -1);
  }
  return undefined;
}

function templateOf(parts: readonly (string | Part)[]): Template {
  return {
    render: (view) =>
      parts
        .map((part) => {
          if (typeof part === "string") return part;
          const text = valueText(view.get(part.operand.slot), part.operand.shape);
          return part.width === 0 ? text : text.slice(0, part.width).padEnd(part.width);
        })
        .join(""),
    fields: (view) => {
      const out: Record<string, unknown> = {};
      for (const part of parts) {
        if (typeof part !== "string") out[part.token] = jsonValue(view.get(part.operand.slot), part.operand.shape);
      }
      return out;
    },
  };
}
