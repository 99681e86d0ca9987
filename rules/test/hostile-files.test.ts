import assert from "node:assert/strict";
import { test } from "node:test";
import { inBounds } from "../../tools/testing/in-bounds.ts";
import { ruleLimits } from "../src/limits.ts";
import { type Loaded, ruleBombs } from "./rule-bombs.ts";
import { load, ruleText } from "./sample-events.ts";

const bounds = { heapMiB: 224, ms: 60_000 };
const bombs = new URL("./rule-bombs.ts", import.meta.url);

for (const name of Object.keys(ruleBombs)) {
  test(`a rule file of ${name} loads or is refused within bounds`, async () => {
    const { value } = await inBounds<Loaded>(bombs, "loadBomb", name, bounds);
    assert.ok(value.rules > 0 || value.problems > 0);
    assert.equal(value.unplaced, 0);
    assert.ok(value.longest < 500, `a reason of ${value.longest} characters`);
    assert.ok(value.problems <= 15_100, `${value.problems} problems`);
  });
}

test("what is too heavy is refused at its place, and a file at the bounds loads", () => {
  const deep = load(`# why\n- list: a\n  items: ${"[".repeat(ruleLimits.yamlNestingMax + 1)}`);
  assert.deepEqual(
    deep.problems.map(({ line, reason }) => [line, reason]),
    [[3, "the file is nested too deep"]],
  );
  const text = `- list: a\n  items: [${"x, ".repeat(40_000)}curl]\n${ruleText("proc.name in (a)")}`;
  assert.deepEqual(load(text).problems, []);
});

test("a key that stands twice is refused with its place, also inside a rule", () => {
  const twice = load(`${ruleText("proc.name = a")}  desc: again\n`);
  assert.equal(twice.rules.length, 0);
  assert.match(twice.problems[0]?.reason ?? "", /Map keys must be unique/);
  assert.ok((twice.problems[0]?.line ?? 0) > 1);
});
