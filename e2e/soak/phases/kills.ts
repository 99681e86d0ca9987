import type { Phase } from "../phase.ts";

/** kill -9 of collector, publisher and hub in turn, each at a random moment of its part of the run. */
export const kills: Phase = {
  name: "kills",
  what: "collector, publisher and hub are killed with -9 in turn",
  mayLose: true,
  async run({ options, stack, random, pause, say, check }) {
    const parts = [stack.collector, stack.publisher, stack.hub];
    const slowest = new Map<string, number>();
    for (let i = 0; i < options.kills; i++) {
      const part = parts[i % parts.length];
      if (part === undefined) break;
      const wait = options.seconds * (0.2 + 0.6 * random());
      await pause(wait);
      const begun = performance.now();
      await part.kill();
      const ms = performance.now() - begun;
      slowest.set(part.name, Math.max(ms, slowest.get(part.name) ?? 0));
      say(`kill ${i + 1} of ${options.kills}: ${part.name}, ready again after ${ms.toFixed(0)} ms`);
      await pause(Math.max(0, options.seconds - wait - ms / 1000));
    }
    const detail = [...slowest].map(([name, ms]) => `${name} ${ms.toFixed(0)} ms`).join(", ");
    check("every killed part was ready again", slowest.size === Math.min(options.kills, parts.length), detail);
  },
};
