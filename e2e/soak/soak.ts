import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { nodeAccount } from "./account.ts";
import { Attacker } from "./attacker.ts";
import { Load } from "./load.ts";
import type { SoakOptions } from "./options.ts";
import { makeOwnNetwork } from "./own-network.ts";
import type { Check, Phase, SoakPlace } from "./phase.ts";
import { phases } from "./phases.ts";
import { prove } from "./prove.ts";
import { randomOf } from "./random.ts";
import { SmallDisk } from "./small-disk.ts";
import { type SoakFolders, SoakStack } from "./soak-stack.ts";

const spoolDiskBytes = 192 * 1024 * 1024;
const hubDiskBytes = 2 * 1024 * 1024 * 1024;

export type SoakResult = {
  seed: number;
  ok: boolean;
  seconds: number;
  checks: Check[];
  /** Milliseconds until a part was ready, at each of its starts. */
  ready_ms: Record<string, number[]>;
  /** Where the logs and all data lie, when they were kept. */
  folder: string | null;
};

/** The whole run. `stop` ends it after what is under way; what was proved until then counts. */
export async function soak(options: SoakOptions, say: (line: string) => void, stop: AbortSignal): Promise<SoakResult> {
  const begun = performance.now();
  const checks: Check[] = [];
  let phase = "start";
  const check = (what: string, ok: boolean, detail: string) => {
    checks.push({ phase, what, ok, detail });
    say(`${ok ? "ok   " : "SHORT"} ${what}: ${detail}`);
  };
  const disks: SmallDisk[] = [];
  const onUnasked = (part: string, how: string) => check("no part ends unasked", false, `${part}: ${how}`);
  const { stack, network } = makeStack(disks, onUnasked);
  say(`seed ${options.seed}; everything is in ${stack.folders.base}`);
  let attacker: Attacker | undefined;
  try {
    await stack.start();
    attacker = await Attacker.open();
    const [spoolDisk, hubDisk] = disks as [SmallDisk, SmallDisk];
    const pause = (seconds: number) => sleep(seconds * 1_000, undefined, { signal: stop }).catch(() => {});
    const random = randomOf(options.seed);
    const place = { options, stack, attacker, spoolDisk, hubDisk, network, random, pause, say, check };
    for (const one of phases) {
      if (!options.only.includes(one.name) || stop.aborted) continue;
      phase = one.name;
      await runPhase(one, place);
    }
    phase = "end";
    check("every attack could be made", attacker.failures.length === 0, attacker.failures[0] ?? "all");
  } catch (error) {
    check("the run itself", false, error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  await attacker?.close();
  const odd = await stack.stop();
  if (odd.length > 0) check("every part stops when told", false, odd.join(", "));
  const ok = checks.every((one) => one.ok) && !stop.aborted;
  for (const disk of disks) disk.unmount();
  network.close();
  const keep = options.keep || !ok;
  if (!keep) stack.remove();
  const parts = [stack.collector, stack.publisher, stack.hub];
  const ready_ms = Object.fromEntries(parts.map((part) => [part.name, part.readyMs.map(Math.round)]));
  const seconds = Math.round((performance.now() - begun) / 1000);
  return { seed: options.seed, ok, seconds, checks, ready_ms, folder: keep ? stack.folders.base : null };
}

function makeStack(disks: SmallDisk[], onUnasked: (part: string, how: string) => void) {
  const networkOf = (folders: SoakFolders) => makeOwnNetwork(join(folders.run, "publisher.net"));
  const prepare = (folders: SoakFolders) => {
    disks.push(new SmallDisk(join(folders.base, "spool.img"), folders.spool, spoolDiskBytes));
    disks.push(new SmallDisk(join(folders.base, "hub.img"), folders.hub, hubDiskBytes));
    return networkOf(folders);
  };
  const stack = new SoakStack({ prepare, onUnasked });
  if (stack.network === undefined) throw new Error("the stack has a network of its own");
  return { stack, network: stack.network };
}

/** One phase under load and attacks, then the proof, with everything at rest. */
async function runPhase(phase: Phase, place: SoakPlace): Promise<void> {
  const { options, stack, attacker, say } = place;
  say(`--- ${phase.name}: ${phase.what}`);
  const before = await nodeAccount(stack.client);
  const known = attacker.done.length;
  const load = Load.ofEvents(options.rate, randomUUID().slice(0, 8), stack.folders.run);
  attacker.start(options.attackSeconds * 1_000);
  try {
    await phase.run(place);
  } finally {
    await attacker.pause();
    const done = { load: await load.stop(), attacks: attacker.done.slice(known) };
    say(`done: ${done.load.execs} programs, ${done.load.opens} opens, ${done.attacks.length} attacks`);
    await prove(place, phase, before, done);
    await stack.collector.start();
  }
}
