import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Twins } from "../src/twins.ts";
import { exec, fork, open, task } from "./hand-made-records.ts";

const shell = task({ pid: 10, startUs: 5_000_000 });
const at = (bootUs: number) => ({ ...open(shell, "/x"), bootUs });

describe("twins of two sets of programs", () => {
  test("are known by process, kind and time, and each is met once", () => {
    const twins = new Twins(0);
    twins.remember(at(10_000_000));
    assert.equal(twins.meets({ ...fork(shell), bootUs: 10_000_000 }), false);
    assert.equal(twins.meets({ ...at(10_000_000), task: task({ pid: 10, startUs: 6_000_000 }) }), false);
    assert.equal(twins.meets(at(10_000_900)), true);
    assert.equal(twins.meets(at(10_000_900)), false);
    twins.remember(at(11_000_000));
    assert.equal(twins.meets(at(11_001_001)), false);
  });

  test("what the old set saw before the new one was there has none; after its end nothing has", () => {
    const twins = new Twins(10_000_000);
    twins.remember(at(9_999_999));
    assert.equal(twins.meets(at(9_999_999)), false);
    twins.remember(at(10_000_001));
    twins.remember({ ...exec(shell, ["/bin/sh"]), bootUs: 10_000_002 });
    twins.close(10_000_002);
    assert.equal(twins.meets(at(20_000_000)), false);
    assert.equal(twins.meets(at(10_000_001)), false);
  });

  test("of whatever both saw, in bursts too, one of each remains", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 200 }), fc.nat(400), (steps, delay) => {
        const twins = new Twins(0);
        let timeUs = 1_000_000;
        const times = steps.map((step) => {
          timeUs += step;
          return timeUs;
        });
        for (const time of times) twins.remember(at(time));
        // The new set was attached a little later: it saw all but the first few.
        const seen = times.slice(Math.floor(times.length / 4));
        return seen.every((time) => twins.meets(at(time + delay)));
      }),
    );
  });
});
