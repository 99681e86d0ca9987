import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { root } from "../setup/root.mjs";
import { importProblems } from "../tidy/import-rule.ts";

test("imports point along the life of an event", () => {
  const files = execFileSync("git", ["ls-files", "*.ts", "*.tsx"], { cwd: root, encoding: "utf8" }).trim().split("\n");
  const problems = files.flatMap((name) => importProblems(name, readFileSync(join(root, name), "utf8")));
  assert.deepEqual(problems, []);
  assert.ok(files.length > 50);
});

test("an import against the stream is named with its line", () => {
  const text = 'import x from "@atalaya/hub";\nimport y from "../../rules/index.ts";\n';
  assert.deepEqual(importProblems("wire/src/event.ts", text), [
    "wire/src/event.ts:1: wire may not import hub",
    "wire/src/event.ts:2: wire may not import rules",
  ]);
});

test("a package may import what flows into it, and itself", () => {
  const text = 'import { a } from "@atalaya/wire";\nimport { b } from "./b.ts";\nimport { c } from "@atalaya/rules";\n';
  assert.deepEqual(importProblems("hub/src/core/a.ts", text), []);
});

test("only the switchboard starts the parts from the command line", () => {
  const text = 'const x = new URL("../../hub/src/main.ts", import.meta.url);';
  assert.equal(importProblems("cli/src/commands/up.ts", text.replace("../../", "../../../")).length, 1);
  assert.deepEqual(importProblems("cli/src/switchboard.ts", text), []);
});
