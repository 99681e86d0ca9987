import assert from "node:assert/strict";
import { test } from "node:test";
import type { AttackLine } from "../src/cluster/attack-log.ts";
import { clusterRows } from "../src/cluster/cluster-expectations.ts";
import { Score } from "../src/cluster/score.ts";
import { type AlertSource, type Arrival, ArrivalList } from "../src/report/arrival-list.ts";
import type { Report } from "../src/report/report.ts";
import type { Result } from "../src/report/result.ts";

const pod = { namespace: "here", name: "victim" };

/** A score of the scenario `recon`, with alerts that the test raises. */
function stage(rulesFor: AlertSource["rulesFor"] = ({ rules }) => rules, withAudit = true) {
  const list = new ArrivalList();
  const source: AlertSource = {
    rulesFor,
    wait: (wanted, deadlineUs, signal) => list.wait(wanted, deadlineUs, signal),
    close: async () => {},
  };
  const news: string[] = [];
  const decided = new Map<number, Result>();
  const report: Report = {
    begin: () => {},
    progress: () => {},
    news: (line) => void news.push(line),
    decided: (index, result) => void decided.set(index, result),
    end: () => {},
  };
  const stop = new AbortController();
  const rows = clusterRows(["recon"]);
  const score = new Score({
    rows,
    source,
    subject: { containerIds: [], pod },
    withAudit,
    timeoutMs: 300,
    report,
    signal: stop.signal,
  });
  const raise = (rule: string, changes: Partial<Arrival> = {}) =>
    list.add({
      rule,
      alertId: rule,
      arrivedUs: Date.now() * 1000 + 1000,
      lastSeenUs: undefined,
      containerId: undefined,
      namespace: pod.namespace,
      pod: pod.name,
      user: undefined,
      ...changes,
    });
  return { score, raise, news, decided, rows, stop };
}

function ended(step: string, failure?: string): AttackLine {
  return { state: "ended", scenario: "recon", step, beganUs: Date.now() * 1000, failure };
}

test("each expectation is decided once by the alert of its steps, and what never came is told apart", async () => {
  const { score, raise, decided, rows } = stage();
  score.take(ended("service account token"));
  raise("Web Shell Activity");
  raise("Service Account Token Access");
  score.take(ended("access review", "it ended with status 6"));
  score.take(ended("port scan"));
  await score.finish();
  const statusOf = (alert: string) =>
    decided.get(rows.findIndex(({ expectation }) => expectation.alert.includes(alert)))?.status;
  assert.equal(statusOf("Web Shell"), "alerted");
  assert.equal(statusOf("identity token"), "alerted");
  assert.equal(statusOf("service account operation"), "attack_failed");
  assert.equal(statusOf("scanning tool"), "missed");
  assert.equal(score.results.length, 4);
});

test("a log that is followed anew repeats its lines, and they count once", async () => {
  const { score, raise } = stage();
  score.take(ended("service account token"));
  raise("Web Shell Activity");
  raise("Service Account Token Access");
  score.take(ended("service account token"));
  await score.finish();
  assert.equal(score.results.length, 4);
});

test("an attack that breaks off leaves no expectation undecided", async () => {
  const { score } = stage();
  await score.finish();
  assert.deepEqual([...new Set(score.results.map(({ status }) => status))], ["attack_failed"]);
});

test("what a product does not claim is not covered, neither tick nor miss", async () => {
  const { score, decided, rows } = stage(({ rules }) => (rules.includes("Web Shell Activity") ? rules : []));
  score.take(ended("port scan"));
  await score.finish();
  assert.equal(decided.get(rows.findIndex(({ steps }) => steps.includes("port scan")))?.status, "not_covered");
});

test("where the audit log is not connected its alert is not covered, and the others are", async () => {
  const { score, decided, rows } = stage(undefined, false);
  score.take(ended("access review"));
  score.take(ended("port scan"));
  await score.finish();
  const statusOf = (step: string) => decided.get(rows.findIndex(({ steps }) => steps.includes(step)))?.status;
  assert.equal(statusOf("access review"), "not_covered");
  assert.equal(statusOf("port scan"), "missed");
});

test("a run that is stopped decides nothing more", async () => {
  const { score, stop } = stage();
  score.take(ended("service account token"));
  stop.abort(new Error("stopped"));
  await assert.rejects(score.finish(), /stopped/);
  await score.abandon();
});
