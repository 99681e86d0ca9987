import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { coverageOf, coveragePage, type Need } from "./falco-coverage.ts";

const needs = JSON.parse(readFileSync(join(import.meta.dirname, "falco-needs.json"), "utf8")) as Need[];

test("Falco's ninety-three system-call rules are answered but for those that are told here, with what they lack", (t) => {
  const coverage = coverageOf(needs);
  const lacking = coverage.filter((one) => one.missing.length > 0);
  t.diagnostic(`${coverage.length - lacking.length} of ${coverage.length} rules are answered`);
  for (const { rule, missing } of lacking) t.diagnostic(`not: ${rule}: ${missing.join(", ")}`);
  assert.equal(coverage.length, 93);
  const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "falco-rules.md"), "utf8");
  assert.equal(page, coveragePage(coverage), "write it again: node rules/test/falco-coverage.ts");
});
