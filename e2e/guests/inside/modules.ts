// A kernel module that is taken out and put in again, by each of the calls: the overlay's, while nothing is mounted with it.
import assert from "node:assert/strict";
import { programPlans } from "../../../collector/src/kernel/programs.ts";
import type { Check } from "./check.ts";
import { type EventOf, runProgram } from "./guest-watch.ts";

type Activity = EventOf<"kernel">["activity"];

const file = "/guest/overlay.ko";

/** In this order, which leaves it loaded. */
const cases: readonly [call: Activity & string, argument: string, target: string][] = [
  ["delete_module", "overlay", "overlay"],
  // What it tells of a module that comes out of memory is its parameters.
  ["init_module", file, "redirect_dir=off"],
  ["delete_module", "overlay", "overlay"],
  ["finit_module", file, file],
];

export const moduleChecks: readonly Check[] = cases
  .filter(([call]) => programPlans.some(({ program }) => program === `exit_${call}`))
  .map(([call, argument, target], i) => ({
    name: `call: ${call}${cases.findIndex(([one]) => one === call) === i ? "" : " once more"}`,
    needs: [`exit_${call}`],
    async run(watch) {
      const { pid, status, stderr } = runProgram("/guest/modules", [call, argument]);
      assert.equal(status, 0, stderr);
      const made = await watch.first("kernel", call, (event) => event.pid === pid);
      assert.deepEqual([made.target, made.name], [target, "modules"]);
    },
  }));
