import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { test } from "node:test";
import { skipUnless } from "../tools/testing/needs.ts";
import { attackId } from "./attacks/attack.ts";
import { attacks } from "./attacks/table.ts";
import { captureAll } from "./capture/capture.ts";
import { differences } from "./capture/check.ts";

const skip = skipUnless("kernel", "containers");
const count = 3;

/** Which entries a seed chooses: a linear congruential generator is random enough for that. */
function chosenBy(seed: number): typeof attacks {
  const rest = [...attacks];
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return rest.splice(Math.floor((state / 2 ** 32) * rest.length), 1);
  }).flat();
}

test("three attacks at random, captured again, are what their samples say", { skip }, async (context) => {
  const seed = Number(process.env["ATALAYA_SEED"] ?? randomInt(2 ** 31));
  const chosen = chosenBy(seed);
  context.diagnostic(`ATALAYA_SEED=${seed}: ${chosen.map(attackId).join(", ")}`);
  const captured = await captureAll(chosen);
  assert.equal(captured.length, count);
  for (const one of captured) assert.deepEqual(differences(one), [], `${attackId(one.attack)} (ATALAYA_SEED=${seed})`);
});
