import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventTypesOf, syscallKinds } from "../src/fields/event-kinds.ts";
import { fieldNamed } from "../src/fields/field-table.ts";

// Which of Falco's rules the sensor's events answer: those whose every field some event carries, and whose every event
// type some event goes by. Run by itself it writes docs/falco-rules.md.

/** What a rule compares (rules/bench/falco-needs.ts). */
export type Need = { rule: string; file: string; types: string[]; fields: string[] };
export type Coverage = Need & { missing: string[] };

const made: ReadonlySet<string> = new Set(syscallKinds.flatMap((kind) => eventTypesOf(kind)));

const isCarried = (field: string): boolean => fieldNamed("syscall", field)?.classes?.length !== 0;

/** Why no event carries it, where that is meant so. */
const reasons: Readonly<Record<string, string>> = {
  "evt.buffer": "the content of what is read or sent is not taken from the machine.",
};

export function coverageOf(needs: readonly Need[]): Coverage[] {
  return needs.map((need) => {
    const types = need.types.filter((type) => !made.has(type)).map((type) => `evt.type ${type}`);
    return { ...need, missing: [...types, ...need.fields.filter((field) => !isCarried(field))] };
  });
}

export function coveragePage(coverage: readonly Coverage[]): string {
  const lacking = coverage.filter(({ missing }) => missing.length > 0);
  const rows = lacking.map(
    ({ rule, file, missing }) => `- ${rule} (${file}): ${missing.map((one) => `\`${one}\``).join(", ")}`,
  );
  const why = Object.entries(reasons).flatMap(([field, reason]) =>
    lacking.some(({ missing }) => missing.includes(field)) ? [`\`${field}\`: ${reason}`, ""] : [],
  );
  return `${[
    "# Falco's rules",
    "",
    `Falco's official rule files hold ${coverage.length} rules on system calls. All of them load. ${coverage.length - lacking.length} are answered: some event`,
    "carries each field that they compare, and goes by each event type that they name. Those that are not, with what is missing",
    "(a comparison with it is false; what the rule says beside it still holds):",
    "",
    ...rows,
    "",
    ...why,
    "Made by `node rules/test/falco-coverage.ts` from what the rules compare (`rules/bench/falco-needs.ts`); a test says when it is not current.",
  ].join("\n")}\n`;
}

if (import.meta.main) {
  const needs = JSON.parse(readFileSync(join(import.meta.dirname, "falco-needs.json"), "utf8")) as Need[];
  writeFileSync(join(import.meta.dirname, "..", "..", "docs", "falco-rules.md"), coveragePage(coverageOf(needs)));
}
