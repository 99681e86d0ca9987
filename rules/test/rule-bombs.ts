// Rule files that are small and cost a lot, or would. Loaded in a thread whose memory is bounded.
import { loadRules, makeEvaluator } from "../index.ts";
import { exec, ruleText } from "./sample-events.ts";

const rule = (condition: string, name = "r") =>
  `- rule: ${name}\n  desc: d\n  condition: ${condition}\n  output: o\n  priority: INFO\n`;
const times = (count: number, text: (i: number) => string) => Array.from({ length: count }, (_, i) => text(i)).join("");
const doubled = (count: number) =>
  `- macro: m0\n  condition: (proc.name = a or proc.name = b)\n${times(count, (i) => `- macro: m${i + 1}\n  condition: (m${i} or m${i})\n`)}`;
const grown = (kind: string, key: string, more: string, count: number) =>
  times(count, () => `- ${kind}\n  ${key}: ${more}\n  append: true\n`);

export const ruleBombs: Record<string, () => string[]> = {
  "aliases of aliases": () => [
    `- list: l0\n  items: &l0 [x, y]\n${times(30, (i) => `- list: l${i + 1}\n  items: &l${i + 1} [${`*l${i}, `.repeat(9)}*l${i}]\n`)}`,
  ],
  "an alias to itself": () => [`- list: a\n  items: &y [*y]\n${rule("proc.name in (a)")}`],
  "300,000 aliases": () => [`- list: a\n  items: [&a x, ${times(300_000, () => "*a, ")} *a]\n`],
  "4 MB of brackets": () => ["[".repeat(4_000_000)],
  "brackets in braces": () => ["{a: [".repeat(700_000)],
  "blocks inside each other": () => [times(2_000, (i) => `${" ".repeat(i)}-\n`)],
  "mappings inside each other": () => [times(1_900, (i) => `${" ".repeat(i)}a:\n`)],
  "half a million items": () => [`- list: a\n  items: [${times(500_000, (i) => `v${i},`)}x]\n`],
  "lists that double": () => [
    `- list: l0\n  items: [a, b]\n${times(60, (i) => `- list: l${i + 1}\n  items: [l${i}, l${i}]\n`)}${rule("proc.name in (l60)")}`,
  ],
  "lists in a circle": () => [`- list: a\n  items: [b]\n- list: b\n  items: [a]\n${rule("proc.name in (a)")}`],
  "macros that double": () => [`${doubled(60)}${rule("m60")}`],
  "many rules of a large macro": () => [
    doubled(12),
    ...Array.from({ length: 3 }, (_, file) => times(400, (i) => rule("m12", `r${file}-${i}`))),
  ],
  "a macro that is added to for ever": () => [
    `- macro: m\n  condition: proc.name = a\n${grown("macro: m", "condition", "or proc.name = b", 5_000)}${rule("m")}`,
  ],
  "a rule that is added to for ever": () => [
    `${rule("proc.name = a")}${grown("rule: r", "condition", "or proc.nope = b", 900)}`,
  ],
  "a list that is added to for ever": () => [
    `- list: l\n  items: [${times(50_000, () => "x,")}y]\n${grown("list: l", "items", "[a]", 4_000)}`,
  ],
  "exceptions that are added to for ever": () => [
    `${rule("proc.name = a")}  exceptions:\n    - {name: e, fields: [proc.name], values: [[a]]}\n`,
    grown("rule: r", "exceptions", "[{name: e, values: [[b], [c], [d]]}]", 5_000),
  ],
  "expressions that repeat repeats": () => [ruleText(`'proc.name regex "((a{1,30}){1,30}){1,30}"'`)],
  "an expression for a backtracking engine": () => [ruleText(`'proc.cmdline regex "(a+a+)+b"'`)],
  "a glob for a backtracking matcher": () => [ruleText(`'proc.cmdline glob "${"*a".repeat(2_000)}*b"'`)],
  "an expression of a hundred thousand steps": () => [
    ruleText(`'proc.cmdline regex "${"(.{0,100}a){8}".repeat(100)}b"'`),
  ],
  "classes of everything": () => [ruleText(`'proc.cmdline regex "${"[^b]".repeat(1_500)}"'`)],
  parentheses: () => [ruleText(`${"(".repeat(100_000)}proc.name = a${")".repeat(100_000)}`)],
  "not not not": () => [ruleText(`${"not ".repeat(60_000)}proc.name = a`)],
  "15,000 comparisons": () => [ruleText(times(15_000, () => "proc.name = a or ").slice(0, -4))],
  "100,000 keys": () => [`- rule: r\n${times(40_000, (i) => `  k${i}: 1\n`)}`],
  "one key 30,000 times": () => [`- rule: r\n${times(30_000, () => "  a: 1\n")}`],
  "documents without end": () => ["---\n".repeat(200_000)],
  "nothing but mistakes": () => ["- a: 'x\n".repeat(30_000), "-\t\t- a\n".repeat(30_000), "- !x y\n".repeat(20_000)],
  "an output of 10,000 fields": () => [
    `- rule: r\n  desc: d\n  condition: proc.name = a\n  output: "${"%proc.name ".repeat(10_000)}"\n  priority: INFO\n`,
  ],
};

export type Loaded = { rules: number; problems: number; unplaced: number; longest: number };

/** Loads a bomb and lets its rules look at an event; gives what came of it. */
export function loadBomb(name: string): Loaded {
  const texts = ruleBombs[name]?.() ?? [];
  const set = loadRules(texts.map((text, i) => ({ path: `${i}.yaml`, text, pack: "p" })));
  const long = exec({ name: "a".repeat(4_000), argv: ["a".repeat(60_000)] });
  makeEvaluator(set).evaluate(long);
  const lengths = set.problems.map((problem) => problem.reason.length);
  return {
    rules: set.rules.length,
    problems: set.problems.length,
    unplaced: set.problems.filter((problem) => problem.line < 1 || problem.column < 1).length,
    longest: lengths.reduce((most, one) => Math.max(most, one), 0),
  };
}
