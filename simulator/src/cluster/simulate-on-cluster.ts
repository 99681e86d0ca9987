import { setTimeout as pause } from "node:timers/promises";
import { Fault } from "@atalaya/wire";
import type { ScenarioName } from "../attack/scenario.ts";
import { limits } from "../limits.ts";
import type { AlertSource } from "../report/arrival-list.ts";
import type { Report } from "../report/report.ts";
import { exitStatus, type Result } from "../report/result.ts";
import { readAttackLine } from "./attack-log.ts";
import { clusterRows } from "./cluster-expectations.ts";
import { type Installation, install } from "./install.ts";
import type { Kube } from "./kube.ts";
import { leaveNamespace, makeNamespace, removeNamespace, removeOverdueRuns } from "./run-namespace.ts";
import { Score } from "./score.ts";
import { victimSubject } from "./victim-pod.ts";

export type ClusterSimulation = {
  kube: Kube;
  /** Opens the way on which alerts come, before the first attack. */
  openSource: () => Promise<AlertSource>;
  /** What Helm installs, and where; the namespace is made, and removed at the end. */
  installation: Omit<Installation, "scenarios">;
  scenarios: readonly ScenarioName[];
  /** The alert of the cluster's audit log is expected, too. */
  withAudit: boolean;
  timeoutMs: number;
  keep: boolean;
  report: Report;
  signal: AbortSignal;
};

export type ClusterOutcome = { results: Result[]; status: 0 | 1 };

/** Attacks a victim of its own on the cluster; leaves nothing behind, unless told to. */
export async function simulateOnCluster(simulation: ClusterSimulation): Promise<ClusterOutcome> {
  const { kube, report, signal } = simulation;
  const { namespace } = simulation.installation;
  report.progress("looking for what earlier runs left");
  const removed = await removeOverdueRuns(kube);
  if (removed > 0)
    report.news(`removed what ${removed === 1 ? "an earlier run" : `${removed} earlier runs`} left behind`);
  const source = await simulation.openSource();
  try {
    await makeNamespace(kube, namespace);
    return await attack(simulation, source);
  } finally {
    await source.close();
    const last = kube.unstoppable();
    if (simulation.keep && !signal.aborted) {
      await leaveNamespace(last, namespace);
      report.news(`kept in the namespace ${namespace}; the next simulation removes it`);
    } else {
      report.progress("removing attacker and victim");
      await removeNamespace(last, namespace);
      report.progress("");
    }
  }
}

async function attack(simulation: ClusterSimulation, source: AlertSource): Promise<ClusterOutcome> {
  const { kube, report, signal, timeoutMs, withAudit, installation } = simulation;
  const rows = clusterRows(simulation.scenarios);
  const scenarios = simulation.scenarios.filter((name) => rows.some((row) => row.scenario === name));
  report.progress(`starting attacker and victim in the namespace ${installation.namespace}`);
  await install(kube, { ...installation, scenarios });
  const subject = await victimSubject(kube, installation.namespace);
  report.begin(rows.map(({ scenario, expectation }) => ({ scenario, alert: expectation.alert })));
  const score = new Score({ rows, source, subject, withAudit, timeoutMs, report, signal });
  try {
    await followAttack(kube, installation.namespace, score);
    await score.finish();
  } catch (error) {
    await score.abandon();
    throw error;
  }
  if (score.clockAheadUs !== 0) {
    report.news(
      `the node's clock and this machine's differ by ${(score.clockAheadUs / 1e6).toFixed(1)} s; that is allowed for`,
    );
  }
  report.end(score.results);
  return { results: score.results, status: score.problems > 0 ? 1 : exitStatus(score.results) };
}

/** Reads the attacker's log until its last word. A log that breaks off is followed anew from its beginning. */
async function followAttack(kube: Kube, namespace: string, score: Score): Promise<void> {
  const deadline = performance.now() + limits.attackMs;
  while (performance.now() < deadline) {
    const end = await followOnce(kube, namespace, score, deadline - performance.now());
    if (end === "completed") return;
    if (end === undefined) await pause(limits.followAgainMs);
    if (end === "no_victim") {
      throw new Fault(
        "SIMULATION_FAILED",
        "The attacker does not reach the victim at http://victim/. Does the cluster's DNS work?",
      );
    }
  }
  throw new Fault("SIMULATION_FAILED", `The attack did not end within ${limits.attackMs / 1000} s`);
}

async function followOnce(kube: Kube, namespace: string, score: Score, timeoutMs: number): Promise<string | undefined> {
  let end: "completed" | "no_victim" | undefined;
  const enough = new AbortController();
  const follow = kube.following(["logs", "--follow", "attacker", "--namespace", namespace], {
    timeoutMs,
    enough: enough.signal,
    onOutputLine(text) {
      const line = readAttackLine(text);
      if (line === undefined) return;
      score.take(line);
      if (line.state !== "completed" && line.state !== "no_victim") return;
      end = line.state;
      enough.abort();
    },
  });
  await follow;
  return end;
}
