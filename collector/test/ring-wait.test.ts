import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { RingWait } from "../src/kernel/ring-wait.ts";

test("who waited is called on a turn of its own: what he throws is not swallowed by the native call", async () => {
  let wake = (): void => undefined;
  const waits: number[] = [];
  const wait = new RingWait({
    onFilled(call) {
      wake = call;
    },
    waitFilled(everyMs) {
      waits.push(everyMs);
    },
  });
  let calls = 0;
  wait.begin(20, 5_000, () => {
    calls += 1;
  });
  wake();
  assert.equal(calls, 0);
  await turn();
  assert.equal(calls, 1);
  wake();
  await turn();
  assert.deepEqual([calls, waits], [1, [20]]);
});
