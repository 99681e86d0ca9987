import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { childrenOf, type Node } from "../src/compile/resolve.ts";
import { loadRules } from "../src/load/load-rules.ts";

// node rules/bench/falco-needs.ts RULES.yaml...
//
// Writes rules/test/falco-needs.json: which fields and event types each system-call rule of Falco's files compares, macros
// and exceptions included. Facts about the rules, not their text; the test beside it says which of them can be answered.

const paths = process.argv.slice(2);
if (paths.length === 0) {
  process.stderr.write("Usage: falco-needs.ts RULES.yaml...\n");
  process.exit(2);
}

type Need = { rule: string; file: string; types: string[]; fields: string[] };

// Each file by itself: they are published apart, and name some macros alike.
const needs = paths.flatMap((path): Need[] => {
  const loaded = loadRules([{ path, text: readFileSync(path, "utf8"), pack: path }]);
  for (const { reason } of loaded.problems) process.stderr.write(`${path}: ${reason}\n`);
  return loaded.compiled
    .filter(({ rule }) => rule.source === "syscall")
    .map(({ rule, node }) => ({ rule: rule.name, file: basename(path), ...comparedBy(node) }));
});
writeFileSync(join(import.meta.dirname, "..", "test", "falco-needs.json"), `${JSON.stringify(needs, undefined, 1)}\n`);
process.stdout.write(`${needs.length} rules\n`);

function comparedBy(node: Node): Pick<Need, "types" | "fields"> {
  const [types, fields] = [new Set<string>(), new Set<string>()];
  const seen = new Set<Node>();
  const look = (one: Node): void => {
    if (seen.has(one)) return;
    seen.add(one);
    if (one.kind !== "check") for (const child of childrenOf(one)) look(child);
    else if (one.left.field === "evt.type") for (const value of one.values ?? []) types.add(value);
    else fields.add(one.left.field);
  };
  look(node);
  return { types: [...types].sort(), fields: [...fields].sort() };
}
