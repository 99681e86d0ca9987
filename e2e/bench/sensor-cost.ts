import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { cgroupRoot } from "../../collector/src/kernel/cgroup-root.ts";
import { collectorGroup } from "./budgets.ts";
import { type Figure, type Measure, medianRatio, quantile } from "./measure.ts";
import { nativeProgram, rateOf, startRate } from "./native-program.ts";
import { Servers } from "./servers.ts";
import { Watch } from "./watch.ts";

const pairs = 30;
const spawnSeconds = 1;
const callSeconds = "0.3";
const idleSeconds = 30;

type Load = {
  name: string;
  /** How much is done in a second. */
  rate(): Promise<number>;
  /** So often in a pair on each side: its median counts. Loads take turns. */
  rounds: number;
  /** Of the lower end of the interval of (with the sensor / without). */
  least: number;
  what: string;
};

/** The promises of rates; where the promise is on time (1.25 times, 1.3 times), its inverse. */
function loads(servers: Servers): Load[] {
  return [
    {
      name: "spawn",
      rate: () => startRate(spawnSeconds),
      rounds: 2,
      least: 0.97,
      what: "processes",
    },
    {
      name: "open_close",
      rate: () => rateOf("open-close", [callSeconds, "/etc/hostname"]),
      rounds: 3,
      least: 1 / 1.25,
      what: "of a file that no rule asks for",
    },
    {
      name: "getppid",
      rate: () => rateOf("call", [callSeconds]),
      rounds: 3,
      least: 1 / 1.3,
      what: "system calls without a hook",
    },
    {
      name: "redis",
      rate: () => servers.redis(),
      rounds: 5,
      least: 0.97,
      what: "redis-benchmark GET",
    },
    { name: "nginx", rate: () => servers.nginx(), rounds: 3, least: 0.97, what: "wrk, 1 KiB" },
  ];
}

/** By load: the median of its rounds. */
async function ratesOf(all: readonly Load[]): Promise<number[]> {
  const taken: number[][] = all.map(() => []);
  for (let round = 0; all.some((load) => round < load.rounds); round++)
    for (const [k, load] of all.entries()) if (round < load.rounds) taken[k]?.push(await load.rate());
  return taken.map((rates) => quantile(rates, 0.5));
}

/** It is where the chart has it: what it gets of processors that all want is what its container requests. */
async function ratesBesideSensor(all: readonly Load[]): Promise<number[]> {
  const group = collectorGroup("atalaya-cost");
  try {
    const watch = await Watch.start();
    try {
      group.take(watch.pid);
      return await ratesOf(all);
    } finally {
      await watch.stop();
    }
  } finally {
    group.remove();
  }
}

/** Beside the places where every sensor of this kind looks, with nothing behind them: no sensor costs less. */
async function ratesBesideEmptyHooks(all: readonly Load[]): Promise<number[]> {
  const args = [cgroupRoot() ?? ""];
  const child: ChildProcess = spawn(nativeProgram("empty-hooks"), args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  try {
    const [word] = (await Promise.race([once(child.stdout as NodeJS.ReadableStream, "data"), ended])) as [unknown];
    if (`${word}`.trim() !== "watching") throw new Error("empty hooks are not to be had");
    return await ratesOf(all);
  } finally {
    child.kill("SIGTERM");
    await ended;
  }
}

type Ratios = { withSensor: number[][]; floor: number[][] };

/** Pairs in turn, the order within a pair alternating, so that a drift of the machine hits both alike. */
async function takePairs(all: readonly Load[], say: (line: string) => void): Promise<Ratios> {
  const ratios: Ratios = { withSensor: all.map(() => []), floor: all.map(() => []) };
  for (let i = 0; i < pairs; i++) {
    const before = i % 2 === 0 ? await ratesOf(all) : undefined;
    const hooked = await ratesBesideEmptyHooks(all);
    const beside = await ratesBesideSensor(all);
    const without = before ?? (await ratesOf(all));
    const ratioOf = (load: Load, rate = Number.NaN) => rate / (without[all.indexOf(load)] ?? Number.NaN);
    for (const [k, load] of all.entries()) {
      ratios.withSensor[k]?.push(ratioOf(load, beside[k]));
      ratios.floor[k]?.push(ratioOf(load, hooked[k]));
    }
    const told = all.map((load, k) => `${load.name} ${ratios.withSensor[k]?.at(-1)?.toFixed(3)}`);
    say(`pair ${i + 1} of ${pairs}: ${told.join(", ")}`);
  }
  return ratios;
}

function figureOf(name: string, ratios: readonly number[], what: string, least?: number): Figure {
  const { median, low, high } = medianRatio(ratios);
  return {
    name,
    value: low,
    unit: "ratio",
    ...(least === undefined ? {} : { target: { at: "least", value: Number(least.toFixed(3)) } }),
    detail: `lower end; median ${median.toFixed(3)}, 95 % ${low.toFixed(3)}..${high.toFixed(3)}, ${ratios.length} pairs; ${what}`,
  };
}

export const sensorCost: Measure = {
  name: "sensor-cost",
  what: "what others get done beside the sensor with the built-in rules, against without it",
  async run(say) {
    const servers = await Servers.start();
    try {
      const all = loads(servers);
      const { withSensor, floor } = await takePairs(all, say);
      return [
        ...all.map((load, k) => figureOf(`${load.name}_with_sensor`, withSensor[k] ?? [], load.what, load.least)),
        ...all.map((load, k) =>
          figureOf(
            `${load.name}_beside_empty_hooks`,
            floor[k] ?? [],
            "a call's tracepoint and a packet's program, empty",
          ),
        ),
      ];
    } finally {
      await servers.stop();
    }
  },
};

export const sensorIdle: Measure = {
  name: "sensor-idle",
  what: "processor time of the collector on a machine where nothing happens",
  async run() {
    const watch = await Watch.start();
    try {
      const before = watch.cpuSeconds();
      await sleep(idleSeconds * 1_000);
      const percent = ((watch.cpuSeconds() - before) / idleSeconds) * 100;
      return [
        {
          name: "sensor_idle_cpu",
          value: percent,
          unit: "% of a core",
          target: { at: "most", value: 1 },
          detail: `${idleSeconds} s`,
        },
      ];
    } finally {
      await watch.stop();
    }
  },
};
