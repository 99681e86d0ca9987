import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { type Figure, type Measure, medianRatio } from "./measure.ts";
import { nativeProgram } from "./native-program.ts";
import { Servers } from "./servers.ts";
import { Watch } from "./watch.ts";

const pairs = 30;
const seconds = "0.5";
const idleSeconds = 30;
const run = promisify(execFile);

type Load = {
  name: string;
  /** How much is done in a second. */
  rate(): Promise<number>;
  /** Of the lower end of the interval of (with the sensor / without). */
  least: number;
  what: string;
};

/** The promises of rates; where the promise is on time (1.25 times, 1.3 times), its inverse. */
function loads(servers: Servers): Load[] {
  const [spawner, nothing] = [nativeProgram("spawn"), nativeProgram("nothing")];
  const [opener, caller] = [nativeProgram("open-close"), nativeProgram("call")];
  return [
    { name: "spawn", rate: () => printed(spawner, [seconds, nothing]), least: 0.97, what: "processes" },
    {
      name: "open_close",
      rate: () => printed(opener, [seconds, "/etc/hostname"]),
      least: 1 / 1.25,
      what: "of a file that no rule asks for",
    },
    { name: "getppid", rate: () => printed(caller, [seconds]), least: 1 / 1.3, what: "system calls without a hook" },
    { name: "redis", rate: () => servers.redis(), least: 0.97, what: "redis-benchmark GET" },
    { name: "nginx", rate: () => servers.nginx(), least: 0.97, what: "wrk, 1 KiB" },
  ];
}

async function printed(program: string, args: string[]): Promise<number> {
  const { stdout } = await run(program, args, { env: {} });
  return Number(stdout);
}

async function ratesOf(all: readonly Load[]): Promise<number[]> {
  const rates: number[] = [];
  for (const load of all) rates.push(await load.rate());
  return rates;
}

async function watchedRates(all: readonly Load[]): Promise<number[]> {
  const watch = await Watch.start();
  try {
    return await ratesOf(all);
  } finally {
    await watch.stop();
  }
}

/** Pairs in turn, the order within a pair alternating, so that a drift of the machine hits both alike. */
async function takePairs(all: readonly Load[], say: (line: string) => void): Promise<number[][]> {
  const ratios: number[][] = all.map(() => []);
  for (let i = 0; i < pairs; i++) {
    const before = i % 2 === 0 ? await ratesOf(all) : undefined;
    const beside = await watchedRates(all);
    const without = before ?? (await ratesOf(all));
    for (const [k, of] of ratios.entries()) of.push((beside[k] ?? Number.NaN) / (without[k] ?? Number.NaN));
    say(
      `pair ${i + 1} of ${pairs}: ${all.map((load, k) => `${load.name} ${ratios[k]?.at(-1)?.toFixed(3)}`).join(", ")}`,
    );
  }
  return ratios;
}

function figureOf(load: Load, ratios: readonly number[]): Figure {
  const { median, low, high } = medianRatio(ratios);
  return {
    name: `${load.name}_with_sensor`,
    value: low,
    unit: "ratio",
    target: { at: "least", value: Number(load.least.toFixed(3)) },
    detail: `lower end; median ${median.toFixed(3)}, 95 % ${low.toFixed(3)}..${high.toFixed(3)}, ${ratios.length} pairs; ${load.what}`,
  };
}

export const sensorCost: Measure = {
  name: "sensor-cost",
  what: "what others get done beside the sensor with the built-in rules, against without it",
  async run(say) {
    const servers = await Servers.start();
    try {
      const all = loads(servers);
      const ratios = await takePairs(all, say);
      return all.map((load, k) => figureOf(load, ratios[k] ?? []));
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
