import { existsSync } from "node:fs";
import { Fault } from "@atalaya/wire";
import { connectHub, type HubClient } from "@atalaya/wire/client";
import { type ClusterWhere, type LocalWhere, readOptions, type SimulateOptions } from "./arguments.ts";
import type { ScenarioName } from "./attack/scenario.ts";
import { chosenScenarios } from "./attack/scenarios.ts";
import { clusterRows } from "./cluster/cluster-expectations.ts";
import { prepareCluster } from "./cluster/prepare-cluster.ts";
import { simulateOnCluster } from "./cluster/simulate-on-cluster.ts";
import { help } from "./help.ts";
import { FalcoListener } from "./listen/falco-listener.ts";
import { readMapping } from "./listen/mapping.ts";
import { chooseScenario } from "./menu.ts";
import { requireHere, requireSensor } from "./preflight.ts";
import { allReports } from "./report/all-reports.ts";
import type { AlertSource } from "./report/arrival-list.ts";
import { AlertWatch } from "./report/arrivals.ts";
import { junitReport } from "./report/junit.ts";
import { jsonReport, liveReport, plainReport, type Report } from "./report/report.ts";
import { simulate } from "./simulate.ts";
import { debianRootPath } from "./victim/victim-root.ts";

/** What a shell says of a program that Ctrl-C ended. */
const interrupted = 130;

/** What both kinds of run need. `hub` is absent when another product is scored. */
type Run = {
  options: SimulateOptions;
  scenarios: ScenarioName[];
  hub: HubClient | undefined;
  openSource: () => Promise<AlertSource>;
  report: Report;
  signal: AbortSignal;
};

/** `atalaya simulate`: resolves with the exit status. Throws Fault USAGE, SIMULATION_UNAVAILABLE, SIMULATION_FAILED, and the hub's. */
export async function simulateMain(args: string[]): Promise<number> {
  const options = readOptions(args);
  if (options === undefined) {
    process.stdout.write(`${help}\n`);
    return 0;
  }
  const words = options.words.length > 0 ? options.words : [await chosenByHand()];
  const hub = options.listen === undefined ? connectHub(options.data) : undefined;
  const report = chooseReport(options, hub);
  const stop = stopSignal(report);
  const openSource = sourceOpener(options, hub, report);
  const run: Run = { options, scenarios: chosenScenarios(words), hub, openSource, report, signal: stop.signal };
  try {
    return options.where.kind === "local" ? await runLocal(run, options.where) : await runOnCluster(run, options.where);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    report.progress("");
    report.news("stopped; everything is removed");
    return interrupted;
  } finally {
    stop.release();
  }
}

async function runLocal(
  { options, scenarios, hub, openSource, report, signal }: Run,
  where: LocalWhere,
): Promise<number> {
  requireHere(where.runtime, existsSync(debianRootPath(where.cacheFolder)));
  if (hub !== undefined) await requireSensor(hub);
  const { runtime, cacheFolder } = where;
  const { timeoutMs, keep } = options;
  return await simulate({ openSource, scenarios, runtime, timeoutMs, cacheFolder, keep, report, signal });
}

async function runOnCluster(
  { options, scenarios, hub, openSource, report, signal }: Run,
  where: ClusterWhere,
): Promise<number> {
  const expectsAudit = clusterRows(scenarios).some(({ expectation }) => expectation.beyondLocal === "needs_cluster");
  const { kube, installation } = await prepareCluster(where, hub, expectsAudit, report, signal);
  const { timeoutMs, keep } = options;
  const { withAudit } = where;
  const simulation = { kube, openSource, installation, scenarios, withAudit, timeoutMs, keep, report, signal };
  return (await simulateOnCluster(simulation)).status;
}

async function chosenByHand(): Promise<string> {
  if (process.stdin.isTTY && process.stderr.isTTY)
    return chooseScenario({ input: process.stdin, output: process.stderr });
  throw new Fault("USAGE", "there is no terminal to choose at: name a scenario, or all. See: atalaya simulate --help");
}

function sourceOpener(
  options: SimulateOptions,
  hub: HubClient | undefined,
  report: Report,
): () => Promise<AlertSource> {
  const { listen } = options;
  if (hub !== undefined) return () => AlertWatch.open(hub);
  const mapping = readMapping(listen?.mapping);
  return async () => {
    const listener = await FalcoListener.open(listen?.address ?? "", mapping);
    report.news(`alerts of ${mapping.product} are taken at ${listener.url}`);
    return listener;
  };
}

function chooseReport(options: SimulateOptions, hub: HubClient | undefined): Report {
  const shown = shownReport(options.json, hub);
  return options.junit === undefined ? shown : allReports([shown, junitReport(options.junit)]);
}

function shownReport(json: boolean, hub: HubClient | undefined): Report {
  const write = (text: string) => void process.stdout.write(text);
  const complain = (text: string) => void process.stderr.write(text);
  if (json) return jsonReport(write, complain);
  const live = process.stdout.isTTY && process.env["TERM"] !== "dumb";
  const pageUrl = (id: string) => `${hub?.url ?? ""}/alerts/${encodeURIComponent(id)}`;
  const style = { colours: live && process.env["NO_COLOR"] === undefined, pageUrl };
  return live ? liveReport(write, style, () => process.stdout.columns || 80) : plainReport(write, complain, style);
}

/** Aborts at Ctrl-C and its like. More of them change nothing: the clean-up is already on its way. */
function stopSignal(report: Report): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const stop = () => {
    if (!controller.signal.aborted) report.news("stopping: removing attacker, victim and all that belongs to them");
    controller.abort();
  };
  for (const name of names) process.on(name, stop);
  const release = () => {
    for (const name of names) process.off(name, stop);
  };
  return { signal: controller.signal, release };
}
