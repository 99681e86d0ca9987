import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type Figure, type Measure, medianRatio } from "./measure.ts";
import { nativeProgram, rate } from "./native-program.ts";

const collector = fileURLToPath(new URL("../../collector/src/main.ts", import.meta.url));
const pairs = 30;
const seconds = "0.5";

/** The collector alone, its events thrown away: what the kernel side and the draining cost the machine. */
async function startCollector(): Promise<ChildProcess> {
  const args = ["--disable-warning=ExperimentalWarning", collector, "--stdout"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const [message] = (await once(child, "message")) as [{ type: string; message?: string }];
  if (message.type !== "ready") throw new Error(`the collector does not start: ${message.message}`);
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}

/** Pairs in turn, the order within a pair alternating, so that a drift of the machine hits both alike. */
async function ratio(run: () => number, say: (line: string) => void): Promise<number[]> {
  const ratios: number[] = [];
  for (let i = 0; i < pairs; i++) {
    let without = i % 2 === 0 ? run() : 0;
    const child = await startCollector();
    const beside = run();
    await stop(child);
    if (without === 0) without = run();
    ratios.push(beside / without);
    say(`pair ${i + 1} of ${pairs}: ${(beside / without).toFixed(3)}`);
  }
  return ratios;
}

function figure(name: string, ratios: number[], least: number): Figure {
  const { median, low, high } = medianRatio(ratios);
  return {
    name,
    value: median,
    unit: "ratio",
    target: { at: "least", value: least },
    detail: `with/without, ${ratios.length} pairs, 95 % ${low.toFixed(3)}..${high.toFixed(3)}`,
  };
}

export const spawnCost: Measure = {
  name: "spawn",
  what: "processes started a second, with the collector / without",
  async run(say) {
    const [spawner, nothing] = [nativeProgram("spawn"), nativeProgram("nothing")];
    return [figure("spawn_rate_with_collector", await ratio(() => rate(spawner, [seconds, nothing]), say), 0.9)];
  },
};

export const openCost: Measure = {
  name: "open",
  what: "open+close a second, with the collector / without",
  async run(say) {
    const opener = nativeProgram("open-close");
    return [figure("open_close_with_collector", await ratio(() => rate(opener, [seconds, "/etc/hostname"]), say), 0.6)];
  },
};
