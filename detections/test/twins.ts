import assert from "node:assert/strict";
import { test } from "node:test";
import type { AtalayaEvent } from "@atalaya/wire";
import { firedBy } from "./fired-rules.ts";

/** The firing events and their twin, which differ in the one fact that the name tells. */
export type Twins = { name: string; fires: AtalayaEvent[]; quiet: AtalayaEvent[] };

/** One test for each pair, by rule: the rule fires for the first and not for the second. */
export function testTwins(byRule: Record<string, Twins[]>): void {
  for (const [rule, all] of Object.entries(byRule)) {
    for (const { name, fires, quiet } of all) {
      test(`${rule}: ${name}`, () => {
        const fired = firedBy(...fires);
        assert.ok(fired.includes(rule), `it did not fire; what did: ${fired.join(", ") || "nothing"}`);
        assert.ok(!firedBy(...quiet).includes(rule), "the quiet twin fired");
      });
    }
  }
}
