import type { Operator } from "../condition/syntax.ts";
import type { FieldType } from "../fields/field.ts";
import { contains, type Network, parseAddress, parseNetwork } from "./address.ts";
import { globMatcher } from "./glob.ts";
import { pathPrefixMatcher } from "./path-prefix.ts";
import { regexMatcher } from "./regular-expression.ts";

/** Does one value satisfy the comparison? `!=` is the caller's: the predicate of `!=` is that of `=`. */
export type Predicate = (value: string | number | boolean) => boolean;

/** The predicate of `operator values` for one type of field, or a sentence that says what is wrong with the values. */
export function makePredicate(type: FieldType, operator: Operator, values: readonly string[]): Predicate | string {
  if (type === "number" && isNumeric(operator)) return numberPredicate(operator, values);
  if (type === "boolean" && isEquality(operator)) return booleanPredicate(values);
  if (type === "net") return isEquality(operator) ? networkPredicate(values) : "compares with =, != or in only";
  if (type === "ip" && isEquality(operator)) return networkPredicate(values);
  const test = textPredicate(operator, values);
  if (typeof test === "string") return test;
  return type === "string" ? (test as Predicate) : (value) => test(String(value));
}

const equality: readonly Operator[] = ["=", "==", "!=", "in", "intersects"];
const isEquality = (operator: Operator): boolean => equality.includes(operator);
const isNumeric = (operator: Operator): boolean => isEquality(operator) || ["<", "<=", ">", ">="].includes(operator);

/** Decimal or hexadecimal. */
function parseNumber(text: string): number | undefined {
  if (/^-?0x[0-9a-f]{1,13}$/i.test(text)) return text.startsWith("-") ? -Number(text.slice(1)) : Number(text);
  return /^-?\d{1,20}(\.\d{1,9})?$/.test(text) ? Number(text) : undefined;
}

function numberPredicate(operator: Operator, values: readonly string[]): Predicate | string {
  const numbers: number[] = [];
  for (const value of values) {
    const number = parseNumber(value);
    if (number === undefined) return "needs a number";
    numbers.push(number);
  }
  const [first = Number.NaN] = numbers;
  if (operator === "<") return (value) => (value as number) < first;
  if (operator === "<=") return (value) => (value as number) <= first;
  if (operator === ">") return (value) => (value as number) > first;
  if (operator === ">=") return (value) => (value as number) >= first;
  if (numbers.length === 1) return (value) => value === first;
  const set = new Set<unknown>(numbers);
  return (value) => set.has(value);
}

function booleanPredicate(values: readonly string[]): Predicate | string {
  const wanted = new Set<unknown>();
  for (const value of values) {
    const text = value.toLowerCase();
    if (text === "true" || text === "1") wanted.add(true);
    else if (text === "false" || text === "0") wanted.add(false);
    else return "needs true or false";
  }
  return (value) => wanted.has(value);
}

/** An address among addresses and networks. The event's own text is compared first: most are written alike. */
function networkPredicate(values: readonly string[]): Predicate | string {
  const networks: Network[] = [];
  for (const value of values) {
    const network = parseNetwork(value);
    if (network === undefined) return "needs an address or a network such as 10.0.0.0/8";
    networks.push(network);
  }
  const texts = new Set<unknown>(values);
  return (value) => {
    if (texts.has(value)) return true;
    const address = parseAddress(String(value));
    return address !== undefined && networks.some((network) => contains(network, address));
  };
}

type TextTest = (text: string) => boolean;

function textPredicate(operator: Operator, values: readonly string[]): TextTest | string {
  if (operator === "in" || operator === "intersects") {
    const set = new Set(values);
    return (text) => set.has(text);
  }
  if (operator === "pmatch") return pathPrefixMatcher(values);
  const tests: TextTest[] = [];
  for (const value of values) {
    const test = singleText(operator, value);
    if (typeof test === "string") return test;
    tests.push(test);
  }
  const [first] = tests;
  if (first === undefined) return () => false;
  return tests.length === 1 ? first : (text) => tests.some((test) => test(text));
}

function singleText(operator: Operator, wanted: string): TextTest | string {
  switch (operator) {
    case "contains":
      return (text) => text.includes(wanted);
    case "startswith":
      return (text) => text.startsWith(wanted);
    case "endswith":
      return (text) => text.endsWith(wanted);
    case "icontains": {
      // The operand was lowered already, once an event: see compareOperand.
      const lower = wanted.toLowerCase();
      return (text) => text.includes(lower);
    }
    case "glob":
      return globMatcher(wanted);
    case "iglob":
      return globMatcher(wanted.toLowerCase());
    case "regex":
      return regexMatcher(wanted);
    case "bcontains":
    case "bstartswith":
      return bytesTest(operator, wanted);
    case "<":
      return (text) => text < wanted;
    case "<=":
      return (text) => text <= wanted;
    case ">":
      return (text) => text > wanted;
    case ">=":
      return (text) => text >= wanted;
    default:
      return (text) => text === wanted;
  }
}

function bytesTest(operator: "bcontains" | "bstartswith", hex: string): TextTest | string {
  if (!/^([0-9a-fA-F]{2})+$/.test(hex)) return "needs bytes in hexadecimal, such as cafebabe";
  const wanted = Buffer.from(hex, "hex");
  if (operator === "bcontains") return (text) => Buffer.from(text, "utf8").includes(wanted);
  return (text) => Buffer.from(text, "utf8").subarray(0, wanted.length).equals(wanted);
}
