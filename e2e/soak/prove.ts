import { setTimeout as sleep } from "node:timers/promises";
import type { NodeLedger } from "@atalaya/wire";
import { alertedAttacks, execsInStore, losses, nodeAccount, settledAccount } from "./account.ts";
import type { LoadDone } from "./load.ts";
import type { Phase, SoakPlace } from "./phase.ts";

const arriveMs = 90_000;
const settleMs = 10_000;
/** A collector reports within a second of what happens. */
const reportMs = 2_500;
const lookAgainMs = 1_000;

/** What was done in a phase, as those counted who did it. */
export type Done = { load: LoadDone; attacks: readonly number[] };

type Arrived = { execs: Map<number, number>; attacks: Map<number, number> };

/**
 * Proves a phase: every program that the load started is in the process table, every attack alerted, once each; what
 * is missing was lost by name; the account balances to the event. Leaves the collector stopped.
 */
export async function prove(place: SoakPlace, phase: Phase, before: NodeLedger | undefined, done: Done): Promise<void> {
  const { say, check } = place;
  const arrived = await untilArrived(place, before, done);
  const account = await accountAtRest(place);
  const lost = (name: string) => losses(before, account, name);
  proveArrival(check, "programs started", done.load.execs, arrived.execs, lost("process"));
  proveArrival(check, "attacks", done.attacks.length, arrived.attacks, lost("file"));
  const all = new Map([...lost("process"), ...lost("file"), ...lost("network")]);
  const missing = done.load.execs - arrived.execs.size + done.attacks.length - arrived.attacks.size;
  if (!phase.mayLose) check("nothing is lost", missing === 0 && onlyOfOthers(all), named(all));
  check("the account balances to the event", account.balanced && account.difference === 0, sentence(account));
  for (const row of account.rows) {
    if (row.difference !== 0) say(`not balanced: ${JSON.stringify(row)}`);
  }
}

/**
 * Stops the collector, so that the rest of the machine adds nothing, and gives the account. On a busy machine its last
 * report may come too late for what was still on its way: then another one tells, twice at most.
 */
async function accountAtRest({ stack, check, say }: SoakPlace): Promise<NodeLedger> {
  for (let again = 2; ; again--) {
    const how = await stack.collector.stop();
    check("the collector stops when told", how === "status 0", how);
    const account = await settledAccount(stack.client, settleMs);
    if (again === 0 || (account.balanced && account.difference === 0)) return account;
    say(`not balanced by the last report: ${sentence(account)}; the next collector tells more`);
    await stack.collector.start();
    await sleep(reportMs);
  }
}

/** Waits until all is there, or as much as the named losses allow; gives what is there then. */
async function untilArrived(place: SoakPlace, before: NodeLedger | undefined, done: Done): Promise<Arrived> {
  const { stack, attacker } = place;
  const until = performance.now() + arriveMs;
  const mine = new Set(done.attacks);
  for (;;) {
    const execs = execsInStore(stack.folders.hub, done.load.tag);
    const alerted = await alertedAttacks(stack.client, attacker.container.id);
    const attacks = new Map([...alerted].filter(([number]) => mine.has(number)));
    const account = await nodeAccount(stack.client);
    const lost = (name: string) => (account === undefined ? 0 : sum(losses(before, account, name)));
    const here = done.load.execs - execs.size <= lost("process") && done.attacks.length - attacks.size <= lost("file");
    if (here || performance.now() > until) return { execs, attacks };
    await sleep(lookAgainMs);
  }
}

function proveArrival(
  check: SoakPlace["check"],
  what: string,
  wanted: number,
  found: ReadonlyMap<number, number>,
  lost: ReadonlyMap<string, number>,
): void {
  const missing = wanted - found.size;
  const twice = [...found.values()].filter((count) => count > 1).length;
  const explained = missing <= sum(lost);
  const detail = `${wanted}, ${found.size} arrived${missing > 0 ? `; lost by name: ${named(lost)}` : ""}`;
  check(`all ${what} arrive, or are lost by name`, missing >= 0 && explained, detail);
  check(`no ${what} are counted twice`, twice === 0, `${twice} were`);
}

/**
 * Whether what was lost is at most what other programs of this machine did beyond their control groups' budgets: when all
 * that ours did has arrived, such a loss is not of ours.
 */
function onlyOfOthers(lost: ReadonlyMap<string, number>): boolean {
  return [...lost.keys()].every((name) => name === "kernel throttled");
}

function sum(of: ReadonlyMap<string, number>): number {
  return [...of.values()].reduce((total, value) => total + value, 0);
}

function named(of: ReadonlyMap<string, number>): string {
  return of.size === 0 ? "nothing" : [...of].map(([name, value]) => `${name} ${value}`).join(", ");
}

function sentence({ submitted, committed, lost, pending, difference }: NodeLedger): string {
  return `submitted ${submitted}, committed ${committed}, lost ${lost}, pending ${pending}, difference ${difference}`;
}
