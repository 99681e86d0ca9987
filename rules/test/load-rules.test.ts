import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { loadRules, makeEvaluator } from "../index.ts";
import { exec, holds, load, ruleText } from "./sample-events.ts";

const rule = (name: string, condition: string) =>
  `- rule: ${name}\n  desc: d\n  condition: ${condition}\n  output: o\n  priority: INFO\n`;

const fires = (text: string, event = exec()): string[] => {
  const rules = load(text);
  assert.deepEqual(rules.problems, []);
  return makeEvaluator(rules)
    .evaluate(event)
    .map((match) => match.rule.name);
};

test("a broken rule is refused with its line and column, and the others load", () => {
  const rules = load(
    [
      "# a comment",
      rule("good", "proc.name = curl"),
      "- rule: broken",
      "  desc: d",
      "  condition: >",
      "    proc.name = curl",
      "    and (proc.nmae = x)",
      "  output: o",
      "  priority: INFO",
    ].join("\n"),
  );
  assert.deepEqual(
    rules.rules.map((one) => one.name),
    ["good"],
  );
  assert.deepEqual(rules.problems, [
    { file: "rules.yaml", line: 12, column: 10, reason: 'rule "broken": proc.nmae: there is no such field' },
  ]);
});

test("places are right in plain, quoted, literal and folded texts over several lines", () => {
  const styles = {
    plain: "proc.name = a\n    and proc.x = b",
    double: '"proc.name = \\"a\\"\n    and proc.x = b"',
    single: "'proc.name = ''a''\n    and proc.x = b'",
    literal: "|\n    proc.name = a\n    and proc.x = b",
    folded: ">-  # why\n\n    proc.name = a\n    and proc.x = b",
  };
  const lines = { plain: 4, double: 4, single: 4, literal: 5, folded: 6 };
  for (const [style, condition] of Object.entries(styles)) {
    const [problem] = load(rule("r", condition)).problems;
    assert.equal(problem?.line, lines[style as keyof typeof lines], style);
    assert.equal(problem?.column, 9, style);
  }
});

test("a problem inside a macro stands where the macro is written", () => {
  const text = `- macro: m\n  condition: (proc.name = a and\n    proc.x = b)\n${rule("r", "m")}`;
  assert.deepEqual(load(text).problems, [
    { file: "rules.yaml", line: 3, column: 5, reason: 'rule "r": proc.x: there is no such field' },
  ]);
});

test("a file that is no YAML is refused as a whole, with the place, and other files load", () => {
  const rules = loadRules([
    { path: "a.yaml", text: "- rule: [", pack: "a" },
    { path: "b.yaml", text: rule("b", "proc.name = curl"), pack: "b" },
  ]);
  assert.deepEqual(
    rules.rules.map((one) => one.name),
    ["b"],
  );
  assert.equal(rules.problems[0]?.file, "a.yaml");
  assert.equal(rules.problems[0]?.line, 1);
});

test("lists are put in by name, inside lists as well, and a text in quotes is no list", () => {
  const lists = '- list: a\n  items: [curl, 0x1f, "x y"]\n- list: b\n  items: [a, \'"a"\']\n';
  assert.deepEqual(fires(lists + rule("r", "proc.name in (b)")), ["r"]);
  assert.deepEqual(fires(lists + rule("r", 'proc.name in ("b")')), []);
  assert.deepEqual(fires(`${lists}- list: one\n  items: [curl]\n${rule("r", "proc.name = one")}`), ["r"]);
  assert.match(load(lists + rule("r", "proc.name = b")).problems[0]?.reason ?? "", /`b` is a list; compare with `in`/);
});

test("a macro sees macros before it, a rule sees all, and no chain of macros has an end that is missing", () => {
  const later = `- macro: a\n  condition: b\n- macro: b\n  condition: proc.name = curl\n`;
  assert.match(load(later + rule("r", "a")).problems[0]?.reason ?? "", /macro `b` is defined only after this one/);
  assert.deepEqual(fires(later + rule("r", "b")), ["r"]);
  assert.match(load(rule("r", "nowhere")).problems[0]?.reason ?? "", /there is no macro `nowhere`/);
  assert.match(load(`- macro: a\n  condition: a\n${rule("r", "a")}`).problems[0]?.reason ?? "", /only after/);
});

test("macros that double each other are refused, not expanded until memory ends", () => {
  let text = "- macro: m0\n  condition: (proc.name = a or proc.name = b)\n";
  for (let i = 1; i < 60; i++) text += `- macro: m${i}\n  condition: (m${i - 1} or m${i - 1})\n`;
  assert.match(load(text + rule("r", "m59")).problems[0]?.reason ?? "", /too large/);
});

test("append adds to lists, macros and rules", () => {
  const base = `- list: l\n  items: [wget]\n- macro: m\n  condition: proc.name in (l)\n${rule("r", "m")}`;
  assert.deepEqual(fires(base), []);
  assert.deepEqual(fires(`${base}- list: l\n  items: [curl]\n  append: true\n`), ["r"]);
  assert.deepEqual(fires(`${base}- macro: m\n  condition: or proc.name = curl\n  append: true\n`), ["r"]);
  assert.deepEqual(fires(`${base}- rule: r\n  condition: or proc.name = curl\n  append: true\n`), ["r"]);
  assert.match(load("- list: x\n  items: [a]\n  append: true\n").problems[0]?.reason ?? "", /not defined before/);
});

test("override replaces and appends key by key, and refuses a key that it does not name", () => {
  const base = rule("r", "proc.name = wget");
  const replaced =
    "- rule: r\n  condition: proc.name = curl\n  priority: CRITICAL\n  override: {condition: replace, priority: replace}\n";
  const rules = load(base + replaced);
  assert.deepEqual(rules.problems, []);
  assert.equal(rules.rules[0]?.priority, "Critical");
  assert.deepEqual(fires(base + replaced), ["r"]);
  assert.deepEqual(fires(`${base}- rule: r\n  condition: or proc.name = curl\n  override: {condition: append}\n`), [
    "r",
  ]);
  const missing = load(`${base}- rule: r\n  condition: x\n  output: y\n  override: {condition: replace}\n`);
  assert.match(missing.problems[0]?.reason ?? "", /`output` is given, but `override` does not say how/);
});

test("a rule that is defined again keeps its place in the order, and can be switched off", () => {
  const text = rule("a", "proc.name = wget") + rule("b", "proc.name = curl") + rule("a", "proc.name = curl");
  assert.deepEqual(fires(text), ["a", "b"]);
  assert.deepEqual(fires(`${text}- rule: a\n  enabled: false\n`), ["b"]);
});

test("exceptions by tuples and by a single field take back a match", () => {
  const withException = (exception: string) => rule("r", "proc.name = curl or proc.name = wget") + exception;
  const tuple =
    '  exceptions:\n    - name: e\n      fields: [proc.pname, user.uid]\n      comps: [in, "="]\n      values: [[[sh, bash], 33]]\n';
  assert.deepEqual(fires(withException(tuple)), []);
  assert.deepEqual(fires(withException(tuple), exec({ uid: 0 })), ["r"]);
  const single = "  exceptions:\n    - name: e\n      fields: proc.cmdline\n      values: [curl -s http://x]\n";
  assert.deepEqual(fires(withException(single)), []);
  const appended = "- rule: r\n  exceptions:\n    - name: e\n      values: [[curl -s http://x]]\n  append: true\n";
  assert.deepEqual(fires(withException("  exceptions:\n    - name: e\n      fields: [proc.cmdline]\n") + appended), []);
});

test("a rule of a source that is not ours is skipped with a warning", () => {
  const rules = load(ruleText("ct.name = x", { source: "aws_cloudtrail" }));
  assert.deepEqual(rules.problems, []);
  assert.equal(rules.rules.length, 0);
  assert.match(rules.warnings[0]?.reason ?? "", /source aws_cloudtrail/);
});

test("fields that no event carries yet load with a warning, unknown ones in an output do not load", () => {
  assert.match(
    load(ruleText("container.ip contains x")).warnings[0]?.reason ?? "",
    /no event carries container.ip yet/,
  );
  assert.match(
    load(ruleText("proc.name = x", { output: "%proc.nmae" })).problems[0]?.reason ?? "",
    /%proc.nmae is no field/,
  );
  assert.match(load(ruleText("ka.verb = x")).problems[0]?.reason ?? "", /is not a field of source syscall/);
});

test("values that do not fit their field are refused", () => {
  for (const [condition, reason] of [
    ["user.uid = root", "needs a number"],
    ["container.privileged = maybe", "needs true or false"],
    ["fd.snet in (here)", "needs an address or a network"],
    ["proc.name regex '('", "not a regular expression of RE2"],
    ["proc.name bcontains xyz", "needs bytes in hexadecimal"],
  ] as const) {
    assert.match(load(ruleText(condition)).problems[0]?.reason ?? "", new RegExp(reason), condition);
  }
});

test("the alert block is read with its languages, and refused with the place of what is wrong", () => {
  const good =
    "  alert:\n    title: {en: A, es: B}\n    severity: high\n    fold: [proc.name]\n    triage: [{en: do %proc.name}]\n";
  const loaded = load(ruleText("proc.name = curl", { extra: good }));
  assert.deepEqual(loaded.problems, []);
  assert.deepEqual(loaded.rules[0]?.alert?.title, { en: "A", es: "B" });
  assert.deepEqual(loaded.rules[0]?.alert?.triage, [{ en: "do %proc.name", es: "do %proc.name" }]);
  const bad = load(ruleText("proc.name = curl", { extra: "  alert:\n    title: A\n    severity: loud\n" }));
  assert.equal(bad.problems[0]?.line, 9);
  assert.match(bad.problems[0]?.reason ?? "", /`severity` is none of critical/);
});

test("no text makes loading throw, and every problem has a place", () => {
  const keys = fc.constantFrom(
    "rule",
    "macro",
    "list",
    "condition",
    "items",
    "output",
    "desc",
    "priority",
    "append",
    "override",
    "exceptions",
    "alert",
    "correlate",
  );
  const values = fc.constantFrom(
    "a",
    "[a, b]",
    "{a: b}",
    "",
    "true",
    "proc.name = curl",
    "INFO",
    "*x",
    "&x y",
    "'",
    "[[",
    "- 1",
  );
  const line = fc
    .tuple(fc.constantFrom("- ", "  ", "    "), keys, values)
    .map(([indent, key, value]) => `${indent}${key}: ${value}`);
  const check = (text: string) => {
    for (const problem of load(text).problems) assert.ok(problem.line >= 1 && problem.column >= 1);
  };
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), (lines) => check(lines.join("\n"))),
    { numRuns: 1_000 },
  );
  fc.assert(fc.property(fc.string({ unit: "binary" }), check));
  check("[".repeat(200_000));
  assert.equal(holds("proc.name = curl", exec()), true);
});
