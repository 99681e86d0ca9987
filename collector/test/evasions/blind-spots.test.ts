import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { classColumns } from "@atalaya/wire";
import { programPlans } from "../../src/kernel/programs.ts";
import { root } from "../kernel-watch.ts";
import { rows } from "./rows.ts";

type Told = { number: number; evasion: string; sight: string; seen: string; notSeen: string };

const page = readFileSync(join(root, "docs", "blind-spots.md"), "utf8");
const told: Told[] = [];
for (const line of page.split("\n")) {
  const [, number = "", evasion = "", sight = "", seen = "", notSeen = ""] = line.split("|").map((cell) => cell.trim());
  if (/^\d+$/.test(number)) told.push({ number: Number(number), evasion, sight, seen, notSeen });
}
const folder = join(root, "collector", "test", "evasions");
const performed = new Set<number>();
for (const name of readdirSync(folder).filter((one) => one.endsWith(".kernel.test.ts"))) {
  for (const [, number] of readFileSync(join(folder, name), "utf8").matchAll(/evasion\(\s*(\d+),/g))
    performed.add(Number(number));
}

test("docs/blind-spots.md has the thirty-two evasions, each as the tests know it", () => {
  assert.equal(rows.length, 32);
  assert.deepEqual(
    told.map(({ number, evasion, sight }) => ({ number, evasion, sight })),
    rows,
  );
});

test("what the page calls seen is performed by a test, and what it does not call seen has a reason", () => {
  for (const { number, sight, notSeen } of told) {
    assert.equal(performed.has(number), sight !== "blind", `row ${number} is ${sight}`);
    if (sight !== "seen") assert.notEqual(notSeen, "", `row ${number}`);
  }
});

test("the programs that the page names exist", () => {
  const names = new Set(programPlans.map((plan) => plan.program));
  const cells = told.flatMap(({ seen }) => [...seen.matchAll(/`([a-z]+_[a-z_0-9]+)`/g)].map(([, name]) => name ?? ""));
  const columns = new Set(Object.values(classColumns).flatMap((table) => [...Object.keys(table), ...table.activity]));
  for (const name of cells) assert.ok(names.has(name) || columns.has(name), name);
});
