import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { alertSummarySchema, type NodeLedger } from "@atalaya/wire";
import { bundle } from "../../tools/bundle.mjs";
import { nodeAccount, settledAccount } from "../soak/account.ts";
import { Attacker, attackOf } from "../soak/attacker.ts";
import { Load } from "../soak/load.ts";
import { SoakStack } from "../soak/soak-stack.ts";
import { freePort } from "../stack.ts";
import { type GroupFigures, LimitedGroup } from "./limited-group.ts";
import { type Figure, type Measure, quantile } from "./measure.ts";

const objects = fileURLToPath(new URL("../../build/collector", import.meta.url));
const mebibyte = 1024 * 1024;
/** DESIGN.md, section 1. */
const budgets = {
  collector: { memoryBytes: 296 * mebibyte, cpus: 0.36 },
  publisher: { memoryBytes: 200 * mebibyte, cpus: 0.06 },
} as const;
export const collectorBudget = budgets.collector;
/** Of the collector's memory: what it may be charged at most, so that there is room for a node that does more. */
export const chargedMaxMiB = 200;
/** Of charts/atalaya/values.yaml. */
const requestedCpus = 0.06;
type Part = keyof typeof budgets;
const load = { execsPerSecond: 100, opensPerSecond: 1_700 };
const attackMs = 500;
const settleMs = 60_000;
const defaultSeconds = 600;

/** The group of the collector's container, as the chart has it made. */
export function collectorGroup(name: string): LimitedGroup {
  const { memoryBytes, cpus } = collectorBudget;
  return new LimitedGroup(`${name}-${process.pid}`, memoryBytes, cpus, requestedCpus);
}

/** Collector and publisher as they ship, each in its group from the first instruction on; the hub without a limit. */
async function makeLimited(groups: Record<Part, LimitedGroup>, ended: string[]): Promise<SoakStack> {
  const bundled = await bundle();
  return new SoakStack({
    port: await freePort(),
    onUnasked: (part, how) => ended.push(`${part}: ${how}`),
    launch: (part, args) => {
      if (part === "hub") return undefined;
      const more = part === "collector" ? ["--objects", objects] : [];
      return [...groups[part].enter, process.execPath, join(bundled, part, "main.js"), ...args, ...more];
    },
  });
}

/** How long each attack's alert took to this reader of the stream, from the system call, in milliseconds. */
function followAlerts(stack: SoakStack, signal: AbortSignal): Map<number, number> {
  const taken = new Map<number, number>();
  const follow = stack.client.follow(
    "alerts",
    {},
    (message) => {
      const alert = alertSummarySchema.safeParse(message.data);
      const number = alert.success ? attackOf(alert.data.summary.en) : undefined;
      if (!alert.success || number === undefined || taken.has(number)) return;
      taken.set(number, (Date.now() * 1_000 - alert.data.first_seen_us) / 1_000);
    },
    signal,
  );
  follow.catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  return taken;
}

type Run = {
  account: NodeLedger;
  taken: Map<number, number>;
  attacks: number;
  ended: string[];
  readyMs: number;
  /** While both parts still ran. */
  used: Record<Part, GroupFigures>;
};

async function runLimited(
  groups: Record<Part, LimitedGroup>,
  seconds: number,
  say: (line: string) => void,
): Promise<Run> {
  const ended: string[] = [];
  const stack = await makeLimited(groups, ended);
  const stopped = new AbortController();
  let attacker: Attacker | undefined;
  try {
    await stack.start();
    const readyMs = stack.publisher.readyMs[0] ?? Number.NaN;
    say(`publisher ready after ${readyMs.toFixed(0)} ms`);
    attacker = await Attacker.open();
    const taken = followAlerts(stack, stopped.signal);
    const work = Load.ofRates(load, randomUUID().slice(0, 8), stack.folders.run);
    attacker.start(attackMs);
    const until = performance.now() + seconds * 1_000;
    while (performance.now() < until) {
      await sleep(Math.min(10_000, Math.max(0, until - performance.now())));
      for (const part of ["collector", "publisher"] as const) say(`${part} ${sentence(groups[part].figures())}`);
      say(`${taken.size} alerts of ${attacker.done.length} attacks; ${await wherePending(stack)}`);
    }
    await attacker.pause();
    await work.stop();
    await sleep(2_000);
    const used = { collector: groups.collector.figures(), publisher: groups.publisher.figures() };
    await stack.collector.stop();
    const account = await settledAccount(stack.client, settleMs);
    return { account, taken, attacks: attacker.done.length, ended, readyMs, used };
  } finally {
    stopped.abort();
    await attacker?.close();
    await stack.stop();
    stack.remove();
  }
}

/** Where events wait or were lost so far, hop by hop: a run that falls short tells where it stood still. */
async function wherePending(stack: SoakStack): Promise<string> {
  const account = await nodeAccount(stack.client);
  if (account === undefined) return "no account of the node yet";
  const sums = new Map<string, { pending: number; lost: number }>();
  for (const { hop, pending, lost } of account.rows) {
    const sum = sums.get(hop) ?? { pending: 0, lost: 0 };
    sum.pending += pending;
    sum.lost += lost.reduce((all, { value }) => all + value, 0);
    sums.set(hop, sum);
  }
  const hops = [...sums].map(([hop, sum]) => `${hop} ${sum.pending} pending ${sum.lost} lost`);
  return `submitted ${account.submitted}, committed ${account.committed}, ${hops.join(", ")}`;
}

function sentence(of: GroupFigures): string {
  const part = ((of.throttledPeriods / Math.max(1, of.periods)) * 100).toFixed(0);
  return `${(of.memoryBytes / mebibyte).toFixed(0)} MiB charged, ${part} % of periods throttled`;
}

function figuresOf(part: Part, of: GroupFigures, seconds: number): Figure[] {
  const { memoryBytes, cpus } = budgets[part];
  const mib = (bytes: number) => (bytes / mebibyte).toFixed(0);
  const detail = `of ${mib(memoryBytes)}; at the end ${mib(of.memoryBytes)}, of it page cache ${mib(of.cacheBytes)}, kernel ${mib(of.kernelBytes)}`;
  return [
    { name: `${part}_oom_kills`, value: of.oomKills, unit: "kills", target: { at: "most", value: 0 } },
    { name: `${part}_charged_max`, value: of.memoryMaxBytes / mebibyte, unit: "MiB", detail },
    {
      name: `${part}_cpu`,
      value: of.cpuUs / 1_000 / seconds,
      unit: "m",
      detail: `of ${cpus * 1_000}m; the start included`,
    },
    {
      name: `${part}_throttled`,
      value: (of.throttledPeriods / Math.max(1, of.periods)) * 100,
      unit: "% periods",
      detail: `${of.throttledPeriods} of ${of.periods}`,
    },
  ];
}

export const budgetsMeasure: Measure = {
  name: "budgets",
  what: "collector in 296 MiB/360m and publisher in 200 MiB/60m at 2,000 events/s (5 % exec); --seconds, else 600",
  async run(say, { seconds = defaultSeconds }) {
    const name = `atalaya-budget-${process.pid}`;
    const group = (part: Part) => new LimitedGroup(`${name}-${part}`, budgets[part].memoryBytes, budgets[part].cpus);
    const groups = { collector: group("collector"), publisher: group("publisher") };
    try {
      const { account, taken, attacks, ended, readyMs, used } = await runLimited(groups, seconds, say);
      const alerted = [...taken.values()];
      const p99 = quantile(alerted, 0.99);
      const detail = `${alerted.length} alerts of ${attacks} attacks, p50 ${quantile(alerted, 0.5).toFixed(0)} ms`;
      const none = { at: "most", value: 0 } as const;
      const balance = `submitted ${account.submitted}, committed ${account.committed}`;
      return [
        ...figuresOf("collector", used.collector, seconds),
        ...figuresOf("publisher", used.publisher, seconds),
        { name: "budget_unasked_ends", value: ended.length, unit: "ends", target: none, detail: ended.join("; ") },
        { name: "budget_lost", value: account.lost, unit: "events", target: none, detail: balance },
        { name: "budget_unaccounted", value: Math.abs(account.difference), unit: "events", target: none },
        { name: "publisher_ready", value: readyMs / 1_000, unit: "s", target: { at: "most", value: 3 } },
        { name: "budget_alert_p99", value: p99, unit: "ms", target: { at: "most", value: 1_000 }, detail },
        { name: "budget_attacks_missed", value: attacks - alerted.length, unit: "attacks", target: none },
      ];
    } finally {
      groups.collector.remove();
      groups.publisher.remove();
    }
  },
};
