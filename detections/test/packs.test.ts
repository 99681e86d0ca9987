import assert from "node:assert/strict";
import { test } from "node:test";
import { builtInPacks } from "../index.ts";
import { builtIn } from "./fired-rules.ts";

test("every built-in rule loads, without a problem or a warning", () => {
  assert.deepEqual(builtIn.problems, []);
  assert.deepEqual(builtIn.warnings, []);
});

test("the vocabulary is loaded before the packs that speak it", () => {
  const paths = builtInPacks().map((file) => file.path);
  assert.equal(paths[0], "detections/packs/vocabulary.yaml");
  assert.deepEqual(paths.slice(1), paths.slice(1).sort());
  assert.ok(builtInPacks().every((file) => file.pack === "built-in"));
});

test("there are thirty-eight detections, thirty-two at run time and six of the control plane", () => {
  const files = new Map(builtIn.rules.map((rule) => [rule.file, rule.source]));
  assert.equal([...files.values()].filter((source) => source === "syscall").length, 32);
  assert.equal([...files.values()].filter((source) => source === "k8s_audit").length, 6);
});

test("eight rules tell of the sensors themselves", () => {
  assert.equal(builtIn.rules.filter((rule) => rule.source === "sensor").length, 8);
});

test("no built-in rule asks what became of connections: each would cost more, and scans are counted as they are tried", () => {
  assert.ok(!builtIn.filterPlan().calls.includes("connect_failed"));
});

for (const rule of builtIn.rules) {
  test(`${rule.name} can be understood and acted on in both languages`, () => {
    const alert = rule.alert;
    assert.ok(alert !== undefined, "it has no alert block");
    const texts = [alert.title, alert.summary, alert.description, ...alert.triage, ...alert.blind_spots];
    for (const text of texts) {
      assert.ok(text.en.length > 10 && text.es.length > 10);
      assert.notEqual(text.en, text.es);
      assert.deepEqual(fieldsOf(text.es).sort(), fieldsOf(text.en).sort(), "the languages name other fields");
    }
    assert.ok(alert.triage.length >= 2 && alert.blind_spots.length >= 1);
    assert.ok(alert.attack.length > 0 && alert.fold.length > 0);
    for (const technique of alert.attack) assert.match(technique.id, /^T\d{4}(\.\d{3})?$/);
    assert.match(alert.title.es, /^(Detectad[oa]|Un |Shell )/);
  });
}

function fieldsOf(text: string): string[] {
  return text.match(/%[a-z0-9]+\.[a-zA-Z0-9_.]*[a-zA-Z0-9_](?:\[[^\]]*\])?/g) ?? [];
}
