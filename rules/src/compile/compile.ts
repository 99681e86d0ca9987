import type { Test } from "./comparison.ts";
import type { Node } from "./resolve.ts";

/** Compiles conditions to closures; what two rules share (a macro) is compiled once. */
export class Compiler {
  readonly #known = new Map<Node, Test>();

  compile(node: Node): Test {
    const known = this.#known.get(node);
    if (known !== undefined) return known;
    const test = this.#make(node);
    this.#known.set(node, test);
    return test;
  }

  #make(node: Node): Test {
    if (node.kind === "check") return node.test;
    if (node.kind === "macro") return this.compile(node.child);
    if (node.kind === "not") {
      const child = this.compile(node.child);
      return (view) => !child(view);
    }
    const tests = node.children.map((child) => this.compile(child));
    return node.kind === "and" ? allOf(tests) : anyOf(tests);
  }
}

function allOf(tests: readonly Test[]): Test {
  const [a, b, c] = tests;
  if (tests.length === 2 && a !== undefined && b !== undefined) return (view) => a(view) && b(view);
  if (tests.length === 3 && a !== undefined && b !== undefined && c !== undefined) {
    return (view) => a(view) && b(view) && c(view);
  }
  return (view) => {
    for (const test of tests) if (!test(view)) return false;
    return true;
  };
}

function anyOf(tests: readonly Test[]): Test {
  const [a, b] = tests;
  if (tests.length === 2 && a !== undefined && b !== undefined) return (view) => a(view) || b(view);
  return (view) => {
    for (const test of tests) if (test(view)) return true;
    return false;
  };
}
