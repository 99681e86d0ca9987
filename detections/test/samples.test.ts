import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { eventToJson } from "@atalaya/wire";
import { ruleSlug, samplesOf } from "../index.ts";
import { exec } from "./event-builder.ts";
import { builtIn, firedBy } from "./fired-rules.ts";

const captured = { kernel: "6.18.44", runtime: "runc 1.1.5", command: "./xmrig", captured: true };

/** A folder of samples with one file of the rule "A Rule!", gone after the use. */
function withSample(file: string, content: unknown, use: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "atalaya-samples-"));
  try {
    mkdirSync(join(folder, "a-rule"));
    writeFileSync(join(folder, "a-rule", file), JSON.stringify(content));
    use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a sample gives back the events that were captured", () => {
  const event = exec({ argv: ["./xmrig"] });
  withSample("fires-xmrig.json", { ...captured, events: [eventToJson(event)] }, (folder) => {
    const [sample] = samplesOf({ name: "A Rule!" }, folder);
    assert.deepEqual(sample?.events, [event]);
    assert.equal(sample?.kind, "fires");
    assert.equal(sample?.name, "xmrig");
    assert.equal(sample?.captured, true);
  });
});

test("a file that is not a sample is named with what is wrong", () => {
  const wrong: [unknown, RegExp][] = [
    [{ ...captured, kernel: 6, records: [{}] }, /`kernel` is not a text/],
    [{ ...captured, events: [{ class: "process" }] }, /event 0: `activity` is missing/],
    [{ ...captured, events: [] }, /neither events nor records/],
    [{ ...captured, records: 1 }, /`records` is not a list/],
  ];
  for (const [content, reason] of wrong)
    withSample("quiet-a.json", content, (folder) => assert.throws(() => samplesOf({ name: "A Rule" }, folder), reason));
});

test("rules have samples in folders of different names", () => {
  const slugs = builtIn.rules.map((rule) => ruleSlug(rule.name));
  assert.equal(new Set(slugs).size, slugs.length);
  assert.deepEqual(samplesOf({ name: "No Such Rule" }), []);
});

for (const rule of builtIn.rules.filter((one) => one.source === "syscall")) {
  for (const sample of samplesOf(rule)) {
    const what = sample.kind === "fires" ? "fires for" : "is quiet for";
    test(`${rule.name} ${what} the captured events of: ${sample.command}`, () => {
      assert.equal(firedBy(...sample.events).includes(rule.name), sample.kind === "fires");
    });
  }
}
