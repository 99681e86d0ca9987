import assert from "node:assert/strict";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { HubCore } from "../../src/hub-core.ts";
import { evilExec, evilRule, frameOf, openTestHub, processEvent, sender, tempFolder } from "./hub-fixture.ts";

const userRule = (name: string, process: string) => `
- rule: ${name}
  desc: A program of that name was started
  condition: evt.type = execve and proc.name = ${process}
  output: It ran (command=%proc.cmdline)
  priority: Critical
  tags: [T1059.004, mitre_execution]
`;

/** Waits until the status says so; the watcher tells of files in its own time. */
async function until(hub: HubCore, is: (rules: string[], problems: number) => boolean): Promise<void> {
  for (const started = Date.now(); Date.now() - started < 8_000; ) {
    const rules = (await hub.rules("main")).map((rule) => rule.rule);
    const { rule_problems } = await hub.status("main");
    if (is(rules, rule_problems.length)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail("the rules did not become what was expected");
}

test("a rule of Falco's format gets its title, summary, severity and techniques from what it has", async (t) => {
  const file = join(tempFolder(t), "mine.yaml");
  writeFileSync(file, userRule("My Rule", "mine"));
  const { hub } = await openTestHub(t, { ruleFiles: [file] });
  await hub.ingest([frameOf([processEvent({ name: "mine", argv: ["mine", "-x"] })])], sender);
  const { alerts } = await hub.alertPage("main", {});
  assert.deepEqual(alerts[0]?.title, { en: "My Rule", es: "My Rule" });
  assert.equal(alerts[0]?.summary.en, "It ran (command=mine -x)");
  assert.equal(alerts[0]?.severity, "high");
  assert.deepEqual(alerts[0]?.attack, [{ id: "T1059.004", name: "T1059.004", tactic: "Execution" }]);
});

test("a changed file is in force without a restart; a broken one keeps its last good rules and says why", async (t) => {
  const folder = tempFolder(t);
  const file = join(folder, "mine.yaml");
  const replace = (text: string) => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  writeFileSync(file, userRule("First", "first"));
  const { hub } = await openTestHub(t, { ruleFiles: [folder] });
  replace(userRule("Second", "second"));
  await until(hub, (rules) => rules.includes("Second") && !rules.includes("First"));
  replace(`${userRule("Second", "second")}\n- rule: Broken\n  condition: proc.name = (`);
  await until(hub, (_, problems) => problems > 0);
  const { rule_problems } = await hub.status("main");
  assert.equal(rule_problems[0]?.file, file);
  assert.ok((rule_problems[0]?.line ?? 0) > 1);
  await hub.ingest([frameOf([processEvent({ name: "second" })])], sender);
  assert.equal((await hub.alertPage("main", { rule: "Second" })).alerts.length, 1);
  rmSync(file);
  await until(hub, (rules, problems) => !rules.includes("Second") && problems === 0);
});

test("a path that is not there is a problem of the rules, and the others load", async (t) => {
  const { hub } = await openTestHub(t, { ruleFiles: ["/nowhere/rules.yaml"] });
  const status = await hub.status("main");
  assert.equal(status.rule_problems[0]?.reason, "there is no such file or folder");
  assert.ok(status.rules_total >= 1);
});

test("a rule that is switched off raises nothing at once, stays off after a restart, and comes back", async (t) => {
  const first = await openTestHub(t);
  assert.equal(await first.hub.setRuleEnabled("main", "No Such Rule", false, "ana"), undefined);
  const off = await first.hub.setRuleEnabled("main", "Evil Program", false, "ana");
  assert.equal(off?.enabled, false);
  await first.hub.ingest([frameOf([evilExec()])], sender);
  await first.close();
  const { hub } = await openTestHub(t, { dataFolder: first.folder });
  await hub.ingest([frameOf([evilExec()])], sender);
  assert.equal((await hub.alertPage("main", {})).alerts.length, 0);
  await hub.setRuleEnabled("main", "Evil Program", true, "ana");
  await hub.ingest([frameOf([evilExec()])], sender);
  const rule = (await hub.rules("main")).find((one) => one.rule === "Evil Program");
  assert.deepEqual([rule?.enabled, rule?.alerts_24h], [true, 1]);
  assert.ok((rule?.last_alert_us ?? 0) > 0);
});

const openRule = (name: string) => `
- rule: Opened ${name}
  desc: A file was opened
  condition: evt.type in (open, openat) and fd.filename = ${name}
  output: Opened (file=%fd.name)
  priority: Notice
`;

test("the filter plan's version is the same after a restart and grows with the plan's content", async (t) => {
  const folder = tempFolder(t);
  const file = join(folder, "opens.yaml");
  writeFileSync(file, openRule("shadow"));
  const first = await openTestHub(t, { ruleFiles: [file] });
  const plan = first.hub.filterPlan();
  assert.ok(plan.open_names.includes("shadow"));
  assert.ok(plan.version > 0);
  await first.close();
  const second = await openTestHub(t, { dataFolder: first.folder, ruleFiles: [file] });
  assert.equal(second.hub.filterPlan().version, plan.version);
  await second.close();
  writeFileSync(file, openRule("token"));
  const third = await openTestHub(t, { dataFolder: first.folder, ruleFiles: [file] });
  assert.ok(third.hub.filterPlan().version > plan.version);
  assert.ok(third.hub.filterPlan().open_names.includes("token"));
});

const countingRule = `
- rule: Many Probes
  desc: A program was started three times within a minute
  condition: evt.type = execve and proc.name = probe
  output: Probed again and again (container_id=%container.id)
  priority: Notice
  correlate: { type: event_count, group-by: [container.id], timespan: 60s, gte: 3 }
`;

test("an open window outlives switches and reloads, and nodes and workspaces count apart", async (t) => {
  const folder = tempFolder(t);
  const builtIn = [
    { path: "counting.yaml", text: countingRule, pack: "built-in" },
    { path: "evil.yaml", text: evilRule, pack: "built-in" },
  ];
  const { hub } = await openTestHub(t, { builtIn, ruleFiles: [folder] });
  const probe = () => processEvent({ name: "probe" });
  const raised = async (workspace: string) => (await hub.alertPage(workspace, { rule: "Many Probes" })).alerts.length;
  await hub.ingest([frameOf([probe()])], sender);
  await hub.setRuleEnabled("main", "Evil Program", false, "ana");
  await hub.ingest([frameOf([probe()])], sender);
  await hub.ingest([frameOf([probe(), probe()], { node: "node-2" })], sender);
  await hub.ingest([frameOf([probe(), probe()])], { ...sender, workspaceId: "other" });
  writeFileSync(join(folder, "more.yaml"), userRule("More", "more"));
  await until(hub, (rules) => rules.includes("More"));
  assert.equal(await raised("main"), 0);
  await hub.ingest([frameOf([probe()])], sender);
  assert.equal(await raised("main"), 1);
  assert.equal(await raised("other"), 0);
});

test("a test alert goes the way of all alerts, and each is one of its own", async (t) => {
  const { hub } = await openTestHub(t);
  let told = 0;
  t.after(hub.listen({ alert: () => told++ }));
  const [one, two] = [await hub.testAlert("main", "ana"), await hub.testAlert("main", "ana")];
  assert.notEqual(one.alert_id, two.alert_id);
  assert.equal(one.severity, "informational");
  assert.match(one.summary.es, /--asked-by ana/);
  assert.equal(told, 2);
});
