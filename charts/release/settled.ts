import { setTimeout as pause } from "node:timers/promises";
import type { Progress } from "./workloads.ts";

const lookMs = 1_000;

/** Asks until each workload is as it should be, or the time is up; says each change. `all` as they were at the end. */
export async function settled(
  asks: readonly (() => Promise<Progress>)[],
  say: (line: string) => void,
  patienceMs: number,
): Promise<{ isDone: boolean; all: Progress[] }> {
  const untilMs = performance.now() + patienceMs;
  let last = "";
  for (;;) {
    const all = await Promise.all(asks.map((ask) => ask()));
    const line = all.map(({ name, ready, wanted }) => `${name} ${ready}/${wanted}`).join(", ");
    if (line !== last) say(line);
    last = line;
    if (all.every((one) => one.isDone)) return { isDone: true, all };
    if (performance.now() > untilMs) return { isDone: false, all };
    await pause(lookMs);
  }
}
