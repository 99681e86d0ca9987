import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { builtInPacks } from "@atalaya/detections";
import { loadRules } from "@atalaya/rules";
import {
  type AtalayaEvent,
  encodeMessage,
  ledgerReasons,
  messageKinds,
  type ProcessEvent,
  type SensorReport,
} from "@atalaya/wire";
import {
  hostWords,
  insideWords,
  liveAll,
  type Made,
  prepare,
  removeAll,
  removeBundle,
  shapes,
  wordOf,
  wrongIn,
} from "../../collector/test/many-containers.ts";
import { StandInPublisher } from "../../collector/test/stand-in-publisher.ts";
import { bundle } from "../../tools/bundle.mjs";
import { randomOf } from "../soak/random.ts";
import { chargedMaxMiB, collectorBudget } from "./budgets.ts";
import { type GroupFigures, LimitedGroup } from "./limited-group.ts";
import type { Figure, Measure } from "./measure.ts";

const objects = fileURLToPath(new URL("../../build/collector", import.meta.url));
const count = 1_000;
const atOnce = 16;
const [shortestMs, longestMs] = [5, 60_000];
const seed = 20_260;
const settleMs = 60_000;
const mebibyte = 1024 * 1024;

/** Most live for milliseconds, a few for up to a minute: the logarithm is a uniform number's square. */
function drawLives(random: () => number): number[] {
  const draw = () => Math.round(shortestMs * (longestMs / shortestMs) ** (random() ** 2));
  return Array.from({ length: count }, draw);
}

/** What became of the events that say of which container they are. */
class Verdict {
  readonly #of: ReadonlyMap<number, Made>;
  readonly #seen = new Set<string>();
  judged = 0;
  /** In another's container, in none, or of another image or pod. */
  wrong = 0;
  /** In the right one, of which is not known (any more) which image and pod it is: the event says why. */
  nameless = 0;
  /** Of the wrong ones, in words, the first few. */
  readonly faults: string[] = [];

  constructor(of: ReadonlyMap<number, Made>) {
    this.#of = of;
  }

  take(event: AtalayaEvent): void {
    const word = event.class === "process" ? wordOf(event) : undefined;
    if (word === undefined) return;
    this.judged += 1;
    if ((event as ProcessEvent).activity === "exec") this.#seen.add(`${word.what}-${word.n}`);
    const wrong = this.#wrongIn(event as ProcessEvent, word);
    if (wrong.length === 0) return;
    if (this.#isNameless(event as ProcessEvent, word.n)) {
      this.nameless += 1;
      return;
    }
    this.wrong += 1;
    if (this.faults.length < 3) this.faults.push(`${word.what}-${word.n}: ${wrong.join(", ")}`);
  }

  /** Starts of programs of which no event came. */
  missing(): number {
    const wanted = [...this.#of.keys()].flatMap((n) => [...insideWords, ...hostWords].map((what) => `${what}-${n}`));
    return wanted.filter((word) => !this.#seen.has(word)).length;
  }

  #wrongIn(event: ProcessEvent, { what, n }: { what: string; n: number }): string[] {
    const one = this.#of.get(n);
    if (what.startsWith("host")) return event.container_id === "host" ? [] : [`the host's is in ${event.container_id}`];
    return one === undefined ? [`there is no container ${n}`] : wrongIn(event, one);
  }

  #isNameless(event: ProcessEvent, n: number): boolean {
    const { container_id: id, container_reason: reason, container_image: image, k8s_pod: pod } = event;
    return id === this.#of.get(n)?.id && reason !== null && image === null && pod === null;
  }
}

async function startLimited(group: LimitedGroup, socket: string): Promise<ChildProcess> {
  const bundled = await bundle();
  const given = ["--socket", socket, "--no-pin", "--objects", objects, "--node", "n", "--cluster", "c"];
  const [file = "", ...args] = [...group.enter, process.execPath, join(bundled, "collector", "main.js"), ...given];
  const child = spawn(file, args, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const [message] = (await once(child, "message")) as [{ type: string; message?: string }];
  if (message.type !== "ready") throw new Error(`the collector does not start: ${message.message}`);
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}

type Run = { verdict: Verdict; used: GroupFigures; report: SensorReport; seconds: number };

async function runLimited(group: LimitedGroup, say: (line: string) => void): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), "atalaya-bench-"));
  const publisher = await StandInPublisher.listen(join(folder, "collector.sock"));
  const plan = loadRules(builtInPacks()).filterPlan();
  publisher.greetings.push(encodeMessage(messageKinds.filters, Buffer.from(JSON.stringify(plan))));
  const lives = drawLives(randomOf(seed));
  const all = lives.map((lifeMs, n) => prepare(n, lifeMs));
  const verdict = new Verdict(new Map(all.map((one) => [one.n, one])));
  publisher.onEvent = (event) => verdict.take(event);
  let child: ChildProcess | undefined;
  try {
    child = await startLimited(group, join(folder, "collector.sock"));
    await publisher.until("the plan in force", () => publisher.reports.length > 1, settleMs);
    const start = performance.now();
    let ended = 0;
    await liveAll(all, atOnce, (one) => {
      removeBundle(one);
      ended += 1;
      if (ended % 100 === 0)
        say(`${ended} of ${count} have ended; ${sentence(group.figures())}, ${verdict.wrong} wrong`);
    });
    const seconds = (performance.now() - start) / 1_000;
    await publisher.nextReport();
    await publisher.nextReport();
    const used = group.figures();
    await stop(child);
    const report = publisher.reports.at(-1)?.report;
    if (report === undefined) throw new Error("the collector told nothing of itself");
    return { verdict, used, report, seconds };
  } finally {
    if (child !== undefined) await stop(child);
    await publisher.close();
    removeAll();
    rmSync(folder, { recursive: true, force: true });
  }
}

function sentence(of: GroupFigures): string {
  return `${(of.memoryBytes / mebibyte).toFixed(0)} MiB charged, most ${(of.memoryMaxBytes / mebibyte).toFixed(0)}`;
}

/** Of starts of programs: what the kernel or the collector lost, by its name. */
function lostStarts({ counters }: SensorReport): { total: number; names: string } {
  const sides: Readonly<Record<string, string>> = { ...ledgerReasons.kernel, ...ledgerReasons.collector };
  const lost = counters.filter((one) => one.class === "exec" && sides[one.reason] === "lost" && one.value > 0);
  return {
    total: lost.reduce((sum, { value }) => sum + value, 0),
    names: lost.map(({ reason, value }) => `${reason} ${value}`).join(", "),
  };
}

export const attribution: Measure = {
  name: "attribution",
  what: `${count} containers of ${shortestMs} ms to ${longestMs / 1_000} s in the shapes of all runtimes, the collector in its limits`,
  async run(say) {
    const { memoryBytes, cpus } = collectorBudget;
    const group = new LimitedGroup(`atalaya-attribution-sensor-${process.pid}`, memoryBytes, cpus);
    try {
      const { verdict, used, report, seconds } = await runLimited(group, say);
      return figuresOf(verdict, used, report, seconds);
    } finally {
      group.remove();
    }
  },
};

function figuresOf(verdict: Verdict, used: GroupFigures, report: SensorReport, seconds: number): Figure[] {
  const none = { at: "most", value: 0 } as const;
  const lost = lostStarts(report);
  const mib = (bytes: number) => (bytes / mebibyte).toFixed(0);
  const kept = `cache ${mib(used.cacheBytes)}, kernel ${mib(used.kernelBytes)}`;
  const how = `${shapes.length} shapes, ${atOnce} at once, ${seconds.toFixed(0)} s, seed ${seed}`;
  return [
    { name: "attribution_containers", value: count, unit: "containers", detail: how },
    { name: "attribution_judged", value: verdict.judged, unit: "events" },
    {
      name: "attribution_wrong",
      value: verdict.wrong,
      unit: "events",
      target: none,
      detail: verdict.faults.join("; "),
    },
    {
      name: "attribution_nameless",
      value: verdict.nameless,
      unit: "events",
      detail: "right container; image and pod: reason said",
    },
    {
      name: "attribution_unaccounted",
      value: Math.max(0, verdict.missing() - lost.total),
      unit: "starts",
      target: none,
    },
    { name: "attribution_lost", value: lost.total, unit: "starts", detail: lost.names },
    {
      name: "attribution_charged",
      value: used.memoryBytes / mebibyte,
      unit: "MiB",
      target: { at: "most", value: chargedMaxMiB },
      detail: `of ${mib(collectorBudget.memoryBytes)}; ${kept}; most ${mib(used.memoryMaxBytes)}`,
    },
    { name: "attribution_oom_kills", value: used.oomKills, unit: "kills", target: none },
  ];
}
