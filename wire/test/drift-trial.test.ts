import assert from "node:assert/strict";
import { test } from "node:test";
import type { Alert, AlertPage, AlertSummary } from "../api.ts";
import type { DriftPolicy } from "../src/drift-policy.ts";
import { type AlertSource, blockedDrift, blockedVerdicts, tryDrift } from "../src/drift-trial.ts";

type Given = Partial<Alert["where"]> & { rule?: string; verdicts?: string[]; path?: string };

/** A hub with these alerts, newest first, one a page. */
function hubWith(given: readonly Given[]): { source: AlertSource; asked: string[] } {
  const asked: string[] = [];
  const alerts = given.map(({ rule = "Drift", verdicts = ["ran"], path = "/x", ...where }, n) => {
    const evidence = verdicts.map((verdict) => ({
      output_fields: { "proc.exec_verdict": verdict, "proc.exepath": path },
    }));
    return {
      alert_id: `a-${n}`,
      last_seen_us: 100 - n,
      rule,
      where: { cluster: "eu", ...where },
      evidence,
    } as unknown as Alert;
  });
  const source: AlertSource = {
    rules: async () => [
      { rule: "Drift", tags: ["process", "drift"] },
      { rule: "Shell", tags: ["process"] },
      { rule: "Own", tags: ["drift"] },
    ],
    alerts: async (query) => {
      asked.push(query.toString());
      const verdict = query.get("verdict");
      const says = ({ evidence }: Alert) => evidence.some((one) => one.output_fields["proc.exec_verdict"] === verdict);
      const found = alerts.filter((one) => one.rule === query.get("rule") && (verdict === null || says(one)));
      const at = Number(query.get("cursor") ?? 0);
      const next = at + 1 < found.length ? { next_cursor: String(at + 1) } : {};
      return { alerts: found.slice(at, at + 1) as AlertSummary[], ...next } as AlertPage;
    },
    alert: async (id) => alerts.find(({ alert_id }) => alert_id === id) as Alert,
  };
  return { source, asked };
}

test("a policy is tried on the alerts of rules with the tag drift, all pages of them, by what each alert knows", async () => {
  const { source, asked } = hubWith([
    { namespace: "shop", pod_labels: { app: "web" } },
    { namespace: "shop" },
    { namespace: "build", path: "/workspace/tool" },
    { namespace: "shop", rule: "Shell" },
  ]);
  const policy: DriftPolicy = {
    rules: [
      { name: "builds", namespaces: ["build"], allow: ["/workspace/*"], action: "alert" },
      { name: "web", labels: { app: "web" }, action: "block" },
    ],
  };
  const decisions = [];
  for await (const { alert, decision } of tryDrift(source, policy, 5)) decisions.push([alert.alert_id, decision]);
  assert.deepEqual(decisions, [
    ["a-0", { action: "block", rule: "web" }],
    ["a-1", { action: "alert", rule: null }],
    ["a-2", { action: "ignore", rule: "builds" }],
  ]);
  assert.equal(asked.length, 3 + 1, "a page of the rule that has none, too");
  assert.ok(asked.every((query) => query.includes("since_us=5")));
});

test("of what was blocked each verdict of an alert is told once", async () => {
  const { source, asked } = hubWith([{ verdicts: ["blocked", "blocked", "would_block"] }, { verdicts: ["ran"] }]);
  const told = [];
  for (const verdict of blockedVerdicts)
    for await (const { alert_id } of blockedDrift(source, verdict, 0)) told.push([alert_id, verdict]);
  assert.deepEqual(told, [
    ["a-0", "blocked"],
    ["a-0", "would_block"],
  ]);
  assert.equal(asked.length, 2 + 2, "the hub finds them");
});

test("the newest alerts come first, whichever rule they are of, and no more is asked for than is taken", async () => {
  const { source, asked } = hubWith([{}, { rule: "Own" }, { rule: "Own" }, {}, {}]);
  const told: string[] = [];
  for await (const { alert } of tryDrift(source, { rules: [] }, 0)) if (told.push(alert.alert_id) === 3) break;
  assert.deepEqual(told, ["a-0", "a-1", "a-2"]);
  assert.equal(asked.length, 4, "of the first rule two pages, of the second two");
});
