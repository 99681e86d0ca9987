import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { execsInStore } from "../account.ts";
import { Load } from "../load.ts";
import type { Phase } from "../phase.ts";

const execs = 500;
const arriveSeconds = 20;

/** A second without a collector: the pinned programs go on, and the next collector reads what they left. */
export const blindSecond: Phase = {
  name: "blind-second",
  what: `the collector is killed with -9, ${execs} programs start in a second, a new collector comes`,
  mayLose: false,
  async run({ stack, pause, check }) {
    await pause(1);
    await stack.collector.killForGood();
    const tag = randomUUID().slice(0, 8);
    const burst = Load.ofRates({ execsPerSecond: execs, opensPerSecond: 0 }, tag, stack.folders.run);
    await sleep(1_000);
    const done = await burst.stop();
    await stack.collector.start();
    const until = performance.now() + arriveSeconds * 1_000;
    let found = execsInStore(stack.folders.hub, tag).size;
    while (found < done.execs && performance.now() < until) {
      await sleep(250);
      found = execsInStore(stack.folders.hub, tag).size;
    }
    check("what starts while no collector runs arrives", found === done.execs, `${found} of ${done.execs} programs`);
  },
};
