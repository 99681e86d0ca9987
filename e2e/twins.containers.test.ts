import assert from "node:assert/strict";
import { before, test } from "node:test";
import { builtInPacks } from "@atalaya/detections";
import { loadRules } from "@atalaya/rules";
import { skipUnless } from "../tools/testing/needs.ts";
import { attackId, commandText } from "./attacks/attack.ts";
import { attacks } from "./attacks/table.ts";
import { type Captured, captureAll } from "./capture/capture.ts";
import { expectedRules } from "./capture/fired.ts";

const skip = skipUnless("kernel", "containers");
const captured = new Map<string, Captured>();
const runtimeRules = loadRules(builtInPacks())
  .rules.filter((rule) => rule.source === "syscall")
  .map((rule) => rule.name);

before(async () => {
  if (skip !== false) return;
  for (const one of await captureAll(attacks)) captured.set(attackId(one.attack), one);
});

test("each of the forty-two runtime rules has an attack and a harmless twin, and each attack its twin", () => {
  assert.equal(runtimeRules.length, 42);
  for (const rule of runtimeRules) {
    const names = (twin: string) =>
      attacks.filter((one) => one.rule === rule && one.twin === twin).map((one) => one.name);
    assert.ok(names("fires").length > 0, `${rule} has no attack`);
    assert.deepEqual(names("quiet"), names("fires"), rule);
  }
  assert.equal(new Set(attacks.map(attackId)).size, attacks.length);
});

for (const attack of attacks) {
  const what =
    attack.twin === "fires"
      ? `${attack.rule} fires in a real container`
      : `${attack.rule} is quiet in a real container`;
  test(`${what}: ${commandText(attack)}`, { skip }, () => {
    const one = captured.get(attackId(attack));
    assert.ok(one !== undefined && one.events.length > 0, "the sensor saw nothing");
    assert.deepEqual(one.fired, expectedRules(attack));
  });
}
