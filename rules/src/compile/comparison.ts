import type { Operator } from "../condition/syntax.ts";
import type { EventView, FieldValue } from "../event-view.ts";
import type { FieldShape } from "../fields/field.ts";
import type { BoundOperand } from "./bound-operand.ts";
import { makePredicate, type Predicate } from "./predicate.ts";

/** A condition, compiled: true or false for the event that the view shows. */
export type Test = (view: EventView) => boolean;

/**
 * The closure of one comparison with fixed values, or a sentence that says what is wrong. A field that is missing
 * makes it false for every operator, `!=` too; only `not` turns that around.
 */
export function compareValues(
  left: BoundOperand,
  operator: Operator,
  values: readonly string[],
  every: boolean,
): Test | string {
  const { slot } = left;
  if (operator === "exists") return (view) => view.get(slot) !== undefined;
  if (every && values.length > 1) return allOf(left, operator, values);
  const predicate = makePredicate(left.type, operator, values);
  if (typeof predicate === "string") return `${left.text} ${operator} ${predicate}`;
  const negated = operator === "!=";
  if (left.shape === "one") return single(left, operator, values, predicate, negated);
  return several(left, operator, predicate, negated);
}

function allOf(left: BoundOperand, operator: Operator, values: readonly string[]): Test | string {
  const tests: Test[] = [];
  for (const value of values) {
    const test = compareValues(left, operator, [value], false);
    if (typeof test === "string") return test;
    tests.push(test);
  }
  return (view) => tests.every((test) => test(view));
}

function single(
  left: BoundOperand,
  operator: Operator,
  values: readonly string[],
  predicate: Predicate,
  negated: boolean,
): Test {
  const { slot } = left;
  if (negated) {
    return (view) => {
      const value = view.get(slot);
      return value !== undefined && !predicate(value as string);
    };
  }
  const [only] = values;
  if (left.type === "string" && values.length === 1 && (operator === "=" || operator === "==")) {
    // The commonest comparison: a text with a text.
    return (view) => view.get(slot) === only;
  }
  return (view) => {
    const value = view.get(slot);
    return value !== undefined && predicate(value as string);
  };
}

type Some = (values: readonly (string | number)[], predicate: Predicate) => boolean;

const some: Some = (values, predicate) => {
  for (const value of values) if (predicate(value)) return true;
  return false;
};
const every: Some = (values, predicate) => {
  for (const value of values) if (!predicate(value)) return false;
  return true;
};
const none: Some = (values, predicate) => !some(values, predicate);
const notEvery: Some = (values, predicate) => !every(values, predicate);

function quantifierOf(shape: FieldShape, operator: Operator, negated: boolean): Some {
  if (shape === "list" && operator === "in") return every;
  if (!negated) return some;
  // proc.aname != x: an ancestor that is not x. fd.ip != x: neither side is x.
  return shape === "ancestors" ? notEvery : none;
}

function several({ slot, shape }: BoundOperand, operator: Operator, predicate: Predicate, negated: boolean): Test {
  const holds = quantifierOf(shape, operator, negated);
  return (view) => {
    const values = view.get(slot);
    if (values === undefined) return false;
    return holds(asList(values), predicate);
  };
}

const asList = (value: NonNullable<FieldValue>): readonly (string | number)[] =>
  Array.isArray(value) ? value : [value as string];

/** A comparison with another field: `proc.name = val(proc.pname)`. The values are known only with the event. */
export function compareFields(left: BoundOperand, operator: Operator, right: BoundOperand): Test | string {
  if (operator === "regex") return "regex takes no field on its right";
  if (right.shape === "ancestors") return `${right.text} cannot stand on the right`;
  return (view) => {
    const mine = view.get(left.slot);
    const other = view.get(right.slot);
    if (mine === undefined || other === undefined) return false;
    const test = makePredicate(left.type, operator, asList(other).map(String));
    if (typeof test === "string") return false;
    return quantifierOf(left.shape, operator, operator === "!=")(asList(mine), test);
  };
}
