import { alertedAttacks } from "../account.ts";
import type { Phase } from "../phase.ts";

/** The network between publisher and hub drops everything; then it is back. */
export const network: Phase = {
  name: "network",
  what: "the network between publisher and hub is cut",
  mayLose: false,
  async run({ options, stack, attacker, network: between, pause, say, check }) {
    await pause(options.holdSeconds / 2);
    between.cut();
    say(`cut for ${options.cutSeconds} s`);
    // What was on its way arrives, or is on its way again later.
    await pause(1);
    const before = await alertedAttacks(stack.client, attacker.container.id);
    await pause(options.cutSeconds);
    const behind = await alertedAttacks(stack.client, attacker.container.id);
    between.mend();
    check("nothing arrives while the network is cut", behind.size === before.size, `${behind.size} attacks known`);
    await pause(options.holdSeconds);
  },
};
