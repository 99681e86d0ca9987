import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseCondition, parseOperand } from "../src/condition/parse-condition.ts";
import type { Expression } from "../src/condition/syntax.ts";

/** The tree in a short form, to compare. */
function shape(node: Expression): string {
  if (node.kind === "check") {
    const right = node.right?.kind === "list" ? node.right.values.map((one) => one.text).join("|") : "v";
    return `${node.left.kind === "field" ? node.left.name : node.left.name} ${node.operator} ${right}`;
  }
  if (node.kind === "macro") return node.name;
  if (node.kind === "not") return `!(${shape(node.child)})`;
  return `${node.kind}(${node.children.map(shape).join(", ")})`;
}

function parsed(text: string): string {
  const result = parseCondition(text);
  return result.ok ? shape(result.expression) : `${result.offset}: ${result.reason}`;
}

test("not binds tighter than and, and tighter than or", () => {
  assert.equal(parsed("a or b and not c or d"), "or(a, and(b, !(c)), d)");
  assert.equal(parsed("not not a and (b or c)"), "and(!(!(a)), or(b, c))");
});

test("words need no blank before a parenthesis, and names may start with them", () => {
  assert.equal(parsed("not(a)and(b)or(c)"), "or(and(!(a), b), c)");
  assert.equal(parsed("android and notify or order"), "or(and(android, notify), order)");
});

test("operators are read with and without blanks", () => {
  assert.equal(parsed("ka.verb=get"), "ka.verb = v");
  assert.equal(parsed("evt.rawres<=-1 and fd.name pmatch(/a, /b)"), "and(evt.rawres <= v, fd.name pmatch /a|/b)");
  assert.equal(parsed("proc.aname[2] intersects ()"), "proc.aname intersects ");
  assert.equal(parsed("fd.name contains anyof (a, b)"), "fd.name contains a|b");
});

test("values may be quoted, with escapes", () => {
  const result = parseCondition(`proc.args = "a \\"b\\" \\x41\\\\" and proc.name='x y'`);
  assert.ok(result.ok && result.expression.kind === "and");
  const texts = result.expression.children.map((one) =>
    one.kind === "check" && one.right?.kind === "value" ? one.right.value.text : "",
  );
  assert.deepEqual(texts, ['a "b" A\\', "x y"]);
});

test("an argument may be a pointer, and a transformer stand around a field", () => {
  const pointer = parseOperand("jevt.value[/requestObject/metadata/annotations/a.b~1c]");
  assert.ok(pointer?.kind === "field");
  assert.equal(pointer.argument, "/requestObject/metadata/annotations/a.b~1c");
  assert.equal(parseOperand("tolower(basename(proc.exepath))")?.kind, "transform");
  assert.equal(parseOperand("proc.name x"), undefined);
});

test("what does not parse is told with its place", () => {
  assert.equal(parsed(""), "0: the condition is empty");
  assert.equal(
    parsed("proc.name"),
    "9: expected an operator (=, !=, <, <=, >, >=, in, contains, startswith, ..., exists)",
  );
  assert.equal(parsed("a and"), "5: expected a field, a macro or `(`");
  assert.equal(parsed("(a or b"), "7: expected `)`, `and` or `or`");
  assert.equal(parsed("a b"), "2: expected `and`, `or` or the end");
  assert.equal(parsed("proc.name in (a b)"), "16: expected `,` or `)`");
  assert.equal(parsed('proc.name = "a'), "12: the quotation mark is never closed");
  assert.equal(parsed('proc.name = "\\q"'), "13: this escape is not known; a backslash itself is written \\\\");
});

test("nesting beyond the limit is refused, not a stack that overflows", () => {
  assert.match(parsed(`${"(".repeat(100_000)}a`), /nested too deep/);
  assert.match(parsed("not ".repeat(50_000)), /nested too deep/);
  assert.match(parsed(`a.b = ${"tolower(".repeat(20_000)}`), /nested too deep/);
});

test("no text makes the parser throw", () => {
  const pieces = [
    "(",
    ")",
    "and",
    "or",
    "not",
    " ",
    "in",
    "=",
    ",",
    '"',
    "'",
    "\\",
    "[",
    "]",
    "proc.name",
    "val(",
    "len(",
    "x",
    "<",
  ];
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => typeof parseCondition(text).ok === "boolean"));
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 40 }), (parts) => {
      const result = parseCondition(parts.join(""));
      if (!result.ok) assert.ok(result.offset >= 0 && result.offset <= parts.join("").length);
    }),
    { numRuns: 2_000 },
  );
});
