import { basename } from "node:path/posix";
import type { EventClass } from "@atalaya/wire";
import type { Operand, Parameter } from "../condition/syntax.ts";
import { ConditionError } from "../condition/syntax.ts";
import type { RuleSource } from "../contract.ts";
import type { EventView, FieldValue, Read, Slot } from "../event-view.ts";
import type { FieldShape, FieldType } from "../fields/field.ts";
import { fieldNamed, sourcesOf } from "../fields/field-table.ts";

/** The left side of a comparison, bound to where its value is read. */
export type BoundOperand = {
  /** Canonical text: `basename(proc.exepath)`, `proc.aname[2]`. */
  text: string;
  type: FieldType;
  shape: FieldShape;
  /** See Field.classes. */
  classes: readonly EventClass[] | undefined;
  /** The field inside the transformers, with its argument. */
  field: string;
  argument: string | undefined;
  /** The transformers around the field, innermost first. */
  transforms: readonly string[];
  slot: Slot;
};

/** The operands of one rule set: equal texts share a slot, so a field is read once an event whoever asks. */
export class OperandTable {
  readonly #bound = new Map<string, BoundOperand>();
  #slots = 0;

  /** Binds an operand. Throws ConditionError at the operand's place when there is no such field or argument. */
  bind(operand: Operand, source: RuleSource): BoundOperand {
    const key = `${source} ${operandText(operand)}`;
    const known = this.#bound.get(key);
    if (known !== undefined) return known;
    const bound = operand.kind === "field" ? this.#field(operand, source) : this.#transform(operand, source);
    this.#bound.set(key, bound);
    return bound;
  }

  #slot(read: Read): Slot {
    return { index: this.#slots++, read };
  }

  #field(operand: Operand & { kind: "field" }, source: RuleSource): BoundOperand {
    const { name, argument } = namedField(operand, source);
    const at = operand.span.start;
    const field = fieldNamed(source, name);
    if (field === undefined) {
      const why = sourcesOf(name).length === 0 ? "there is no such field" : `is not a field of source ${source}`;
      throw new ConditionError(at, `${name}: ${why}`);
    }
    if (argument !== undefined && field.argument === "none") throw new ConditionError(at, `${name} takes no argument`);
    if (argument === undefined && field.argumentRequired)
      throw new ConditionError(at, `${name} needs an argument in [ ]`);
    if (argument !== undefined && field.argument === "index" && !/^\d{1,4}$/.test(argument)) {
      throw new ConditionError(at, `${name}[ ] takes a number`);
    }
    return {
      text: operandText(operand),
      type: field.type,
      shape: field.shape === "ancestors" && argument !== undefined ? "one" : field.shape,
      classes: field.classes,
      field: name,
      argument,
      transforms: [],
      slot: this.#slot(field.bind(argument)),
    };
  }

  #transform(operand: Operand & { kind: "transform" }, source: RuleSource): BoundOperand {
    const at = operand.span.start;
    if (operand.argument !== undefined) throw new ConditionError(at, `${operand.name}( ) takes no argument in [ ]`);
    if (operand.name === "join" || operand.name === "concat") return this.#joined(operand, source);
    const [inner, ...more] = operand.parameters;
    if (inner === undefined || inner.kind === "text" || more.length > 0) {
      throw new ConditionError(at, `${operand.name}( ) takes one field`);
    }
    const bound = this.bind(inner, source);
    const convert = operand.name === "len" ? undefined : converters[operand.name];
    const read: Read = convert === undefined ? lengthOf(bound.slot) : mapped(bound.slot, convert);
    return {
      ...bound,
      text: operandText(operand),
      type: convert === undefined ? "number" : "string",
      shape: convert === undefined ? "one" : bound.shape,
      transforms: [...bound.transforms, operand.name],
      slot: this.#slot(read),
    };
  }

  /** `concat(a, b)`, `join(", ", list)`: missing when a part is. */
  #joined(operand: Operand & { kind: "transform" }, source: RuleSource): BoundOperand {
    const parts = operand.parameters.map((part) => this.#part(part, source));
    const separator = operand.name === "join" ? parts.shift() : undefined;
    if (parts.length === 0) throw new ConditionError(operand.span.start, `${operand.name}( ) needs more parameters`);
    const read: Read = (view) => {
      const values = parts.map((part) => part(view));
      if (values.includes(undefined)) return undefined;
      return values.flat().join(separator === undefined ? "" : String(separator(view) ?? ""));
    };
    return {
      text: operandText(operand),
      type: "string",
      shape: "one",
      classes: undefined,
      field: "",
      argument: undefined,
      transforms: [operand.name],
      slot: this.#slot(read),
    };
  }

  #part(part: Parameter, source: RuleSource): (view: EventView) => FieldValue {
    if (part.kind === "text") return () => part.value.text;
    const { slot } = this.bind(part, source);
    return (view) => view.get(slot);
  }
}

/** `evt.arg[flags]` and `evt.arg.flags` are one field. */
function namedField(operand: Operand & { kind: "field" }, source: RuleSource) {
  const merged = `${operand.name}.${operand.argument ?? ""}`;
  const isArgument = operand.name === "evt.arg" && operand.argument !== undefined;
  if (isArgument && fieldNamed(source, merged) !== undefined) return { name: merged, argument: undefined };
  return { name: operand.name, argument: operand.argument };
}

export function operandText(operand: Operand): string {
  const argument = operand.argument === undefined ? "" : `[${operand.argument}]`;
  if (operand.kind === "field") return operand.name + argument;
  const parts = operand.parameters.map((part) =>
    part.kind === "text" ? JSON.stringify(part.value.text) : operandText(part),
  );
  return `${operand.name}(${parts.join(", ")})${argument}`;
}

type Convert = (text: string) => string | undefined;

const converters: Readonly<Record<string, Convert>> = {
  tolower: (text) => text.toLowerCase(),
  toupper: (text) => text.toUpperCase(),
  // Falco: what follows the last slash, nothing when the path ends in one.
  basename: (text) => (text.endsWith("/") ? "" : basename(text)),
  b64: decodeBase64,
};

function decodeBase64(text: string): string | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.replace(/=+$/, "").length % 4 === 1) return undefined;
  return Buffer.from(text, "base64").toString("utf8");
}

function mapped(slot: Slot, convert: Convert): Read {
  return (view) => {
    const value = view.get(slot);
    if (typeof value === "string") return convert(value);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) return convert(String(value));
    const out = value.map((one) => convert(String(one))).filter((one) => one !== undefined);
    return out.length === 0 ? undefined : out;
  };
}

function lengthOf(slot: Slot): Read {
  return (view) => {
    const value = view.get(slot);
    if (value === undefined) return undefined;
    return Array.isArray(value) || typeof value === "string" ? value.length : String(value).length;
  };
}
