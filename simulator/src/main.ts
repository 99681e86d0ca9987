import { Fault } from "@atalaya/wire";
import { connectHub, type HubClient } from "@atalaya/wire/client";
import { help, readOptions, type SimulateOptions } from "./arguments.ts";
import { Arrivals } from "./arrivals.ts";
import { chosenScenarios, scenario } from "./attack/scenarios.ts";
import { removeAbandonedRuns, removeRun } from "./clean-up.ts";
import { containerdRuntime } from "./container/containerd.ts";
import { runcRuntime } from "./container/runc.ts";
import { makeNetwork } from "./network/network.ts";
import { startStandIns } from "./network/stand-ins.ts";
import { preflight } from "./preflight.ts";
import { exitStatus, type Outcome } from "./report/outcome.ts";
import { jsonReporter, lineReporter, type Reporter, tableReporter } from "./report/reporter.ts";
import { openRunFolder, type RunFolder } from "./run-folder.ts";
import { runScenario } from "./run-scenario.ts";
import { plantSecrets } from "./victim/secrets.ts";
import { startAttacker } from "./victim/victim.ts";
import { prepareVictimRoot, type VictimRoot } from "./victim/victim-root.ts";

const interrupted = 130;

/** `atalaya simulate`: gives the exit status. Throws Fault USAGE, HUB_UNREACHABLE, SIMULATION_FAILED. */
export async function simulateMain(args: string[]): Promise<number> {
  const options = readOptions(args);
  if (options === undefined) {
    process.stdout.write(`${help}\n`);
    return 0;
  }
  const hub = connectHub(options.data);
  const problems = await preflight(options.runtime, hub);
  if (problems.length > 0) throw new Fault("SIMULATION_FAILED", `cannot simulate here:\n  ${problems.join("\n  ")}`);
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => stop.abort(new Error("stopped")));
  const reporter = chooseReporter(options, hub);
  try {
    return exitStatus(await simulate(options, hub, reporter, stop.signal));
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    process.stderr.write("\natalaya: stopped; everything was removed\n");
    return interrupted;
  } finally {
    stop.abort();
  }
}

function chooseReporter(options: SimulateOptions, hub: HubClient): Reporter {
  if (options.json) return jsonReporter();
  return process.stdout.isTTY ? tableReporter(hub.url) : lineReporter(hub.url);
}

async function simulate(
  options: SimulateOptions,
  hub: HubClient,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<Outcome[]> {
  const left = await removeAbandonedRuns();
  if (left > 0) say(`removed what ${left} earlier ${left === 1 ? "run" : "runs"} left behind`);
  const root = await victimRoot(options, signal);
  const folder = await openRunFolder();
  try {
    return await onStage(options, hub, reporter, root, folder, signal);
  } finally {
    if (options.keep && !signal.aborted) say(`kept: ${folder.path}, network namespace ${folder.name}`);
    else await removeRun(folder);
  }
}

async function victimRoot(options: SimulateOptions, signal: AbortSignal): Promise<VictimRoot> {
  let last = "";
  const onProgress = (what: string) => {
    if (what !== last && !options.json) say(what);
    last = what;
  };
  const root = await prepareVictimRoot({ cacheFolder: options.cacheFolder, onProgress, signal });
  if (root.kind === "busybox") say(`the victim is a busybox container, not Debian: ${root.reason ?? "unknown reason"}`);
  return root;
}

async function onStage(
  options: SimulateOptions,
  hub: HubClient,
  reporter: Reporter,
  root: VictimRoot,
  folder: RunFolder,
  signal: AbortSignal,
): Promise<Outcome[]> {
  const scenarios = chosenScenarios(options.words).map((name) => scenario(name, root.kind));
  const network = await makeNetwork(folder.name);
  const secrets = plantSecrets();
  const standIns = await startStandIns(network, secrets.metadata, secrets.token);
  try {
    const arrivals = new Arrivals();
    await arrivals.open(hub, signal);
    const runtime = options.runtime === "runc" ? runcRuntime(folder) : await containerdRuntime(folder, signal);
    const place = { folder, runtime, root, network, secrets, signal };
    const attacker = await startAttacker(place);
    const stage = { place, attacker, arrivals, reporter, timeoutMs: options.timeoutMs, keep: options.keep };
    reporter.plan(scenarios.flatMap((one) => one.expectations.map(({ alert }) => ({ scenario: one.name, alert }))));
    const outcomes: Outcome[] = [];
    for (const one of scenarios) outcomes.push(...(await runScenario(one, stage, signal)));
    signal.throwIfAborted();
    reporter.end(outcomes);
    return outcomes;
  } finally {
    await standIns.stop();
  }
}

function say(line: string): void {
  process.stderr.write(`atalaya: ${line}\n`);
}
