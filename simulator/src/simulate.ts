import type { Expectation, Scenario, ScenarioName } from "./attack/scenario.ts";
import { scenario } from "./attack/scenarios.ts";
import { removeAbandonedRuns, removeRun } from "./clean-up.ts";
import { containerdRuntime } from "./container/containerd.ts";
import { runcRuntime } from "./container/runc.ts";
import type { RuntimeName } from "./container/runtime.ts";
import { makeNetwork } from "./network/network.ts";
import { type StandIns, startStandIns } from "./network/stand-ins.ts";
import type { AlertSource } from "./report/arrival-list.ts";
import type { Report } from "./report/report.ts";
import { exitStatus, type Result } from "./report/result.ts";
import { openRunFolder, type RunFolder } from "./run-folder.ts";
import { runScenario } from "./run-scenario.ts";
import { plantSecrets } from "./victim/secrets.ts";
import { type Place, startAttacker } from "./victim/victim.ts";
import { prepareVictimRoot, type VictimRoot } from "./victim/victim-root.ts";

export type Simulation = {
  /** Opens the way on which alerts come, before the first attack. */
  openSource: () => Promise<AlertSource>;
  scenarios: ScenarioName[];
  runtime: RuntimeName;
  timeoutMs: number;
  cacheFolder: string | undefined;
  keep: boolean;
  report: Report;
  signal: AbortSignal;
};

/** Attacks a victim of its own on this machine; resolves with the exit status. Leaves nothing behind, unless told to. */
export async function simulate(simulation: Simulation): Promise<0 | 1> {
  const { report, signal } = simulation;
  const removed = await removeAbandonedRuns();
  if (removed > 0)
    report.news(`removed what ${removed === 1 ? "an earlier run" : `${removed} earlier runs`} left behind`);
  report.progress("preparing the victim's root (the first time takes a minute or two)");
  const onProgress = (what: string) => report.progress(`preparing the victim's root: ${what}`);
  const root = await prepareVictimRoot({ cacheFolder: simulation.cacheFolder, onProgress, signal });
  if (root.kind === "busybox")
    report.news(`the victim is a small one (busybox) because ${root.reason ?? "Debian can't be had"}`);
  const folder = await openRunFolder();
  try {
    return await attackAll(simulation, folder, root);
  } finally {
    if (simulation.keep && !signal.aborted) report.news(`kept in ${folder.path}; the next simulation removes it`);
    else {
      await removeRun(folder);
    }
  }
}

async function attackAll(simulation: Simulation, folder: RunFolder, root: VictimRoot): Promise<0 | 1> {
  const { report, signal } = simulation;
  const scenarios = simulation.scenarios.map((name) => scenario(name, root.kind));
  const rows = scenarios.flatMap((one) => one.expectations.map((expectation) => ({ scenario: one, expectation })));
  const results: Result[] = [];
  let problems = 0;
  report.progress("starting the attacker");
  const secrets = plantSecrets();
  const runtime = simulation.runtime === "runc" ? runcRuntime(folder) : await containerdRuntime(folder, signal);
  const network = await makeNetwork(folder.name);
  const standIns = await startStandIns(network, secrets.metadata, secrets.token);
  const source = await openSource(simulation, standIns);
  try {
    const place: Place = { folder, runtime, root, network, secrets, signal };
    const attacker = await startAttacker(place);
    report.begin(rows.map(({ scenario: { name }, expectation: { alert } }) => ({ scenario: name, alert })));
    const row = (of: Scenario, wanted: Expectation) =>
      rows.findIndex(({ scenario: one, expectation }) => one === of && expectation === wanted);
    const last = scenarios.findLast((one) => one.steps.length > 0);
    for (const one of scenarios) {
      await runScenario({
        scenario: one,
        place,
        attacker,
        source,
        timeoutMs: simulation.timeoutMs,
        keep: simulation.keep && one === last,
        onProgress: (what) => report.progress(what),
        onDecided(expectation, result, note) {
          results.push(result);
          report.decided(row(one, expectation), result, note);
        },
        onProblem(what) {
          problems += 1;
          report.news(`no effect: ${what}`);
        },
      });
    }
  } finally {
    await source.close();
    if (!simulation.keep) await standIns.stop();
  }
  report.end(results);
  return problems > 0 ? 1 : exitStatus(results);
}

/** It is open before the first attack; without it nothing would be seen and nothing is attacked. */
async function openSource(simulation: Simulation, standIns: StandIns): Promise<AlertSource> {
  try {
    return await simulation.openSource();
  } catch (error) {
    await standIns.stop();
    throw error;
  }
}
