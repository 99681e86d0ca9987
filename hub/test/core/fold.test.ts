import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@atalaya/wire";
import type { HubCore } from "../../src/hub-core.ts";
import { evilExec, frameOf, openTestHub, sender } from "./hub-fixture.ts";

const only = async (hub: HubCore) => {
  const { alerts } = await hub.alertPage("main", {});
  assert.equal(alerts.length, 1);
  return (await hub.alert("main", alerts[0]?.alert_id ?? "")) ?? assert.fail("the alert is gone");
};

test("repeats fold into one alert with a count and a bounded set of distinct evidence", async (t) => {
  const { hub } = await openTestHub(t);
  const many = limits.alertEvidenceMax + 5;
  const events = Array.from({ length: many }, (_, i) => evilExec({ argv: ["evil", `${i}`], pid: 200 + i }));
  await hub.ingest([frameOf(events)], sender);
  await hub.ingest([frameOf([evilExec({ argv: ["evil", "0"] })])], sender);
  const alert = await only(hub);
  assert.equal(alert.count, many + 1);
  assert.equal(alert.evidence.length, limits.alertEvidenceMax);
  assert.equal(new Set(alert.evidence.map((one) => one.output)).size, limits.alertEvidenceMax);
});

test("evidence that is new is added by a later request, evidence that is known is not", async (t) => {
  const { hub } = await openTestHub(t);
  for (const word of ["a", "b", "a"]) await hub.ingest([frameOf([evilExec({ argv: ["evil", word] })])], sender);
  const alert = await only(hub);
  assert.deepEqual(
    alert.evidence.map((one) => one.output_fields["proc.cmdline"]),
    ["evil a", "evil b"],
  );
  assert.ok(alert.last_seen_us >= alert.first_seen_us);
});

test("another container is another alert", async (t) => {
  const { hub } = await openTestHub(t);
  await hub.ingest([frameOf([evilExec(), evilExec({ container_id: "beef" })])], sender);
  assert.equal((await hub.alertPage("main", {})).alerts.length, 2);
});

test("a match after a resolution opens a new alert, one after an acknowledgement does not", async (t) => {
  const { hub } = await openTestHub(t);
  await hub.ingest([frameOf([evilExec()])], sender);
  const first = await only(hub);
  await hub.actOnAlert("main", first.alert_id, { action: "acknowledge", text: "mine" }, "ana");
  await hub.ingest([frameOf([evilExec()])], sender);
  assert.equal((await only(hub)).count, 2);
  await hub.actOnAlert("main", first.alert_id, { action: "resolve", text: "" }, "ana");
  await hub.ingest([frameOf([evilExec()])], sender);
  const { alerts, counts } = await hub.alertPage("main", {});
  assert.deepEqual(alerts.map((alert) => [alert.status, alert.count]).sort(), [
    ["new", 1],
    ["resolved", 2],
  ]);
  assert.deepEqual(counts.status, { new: 1, acknowledged: 0, resolved: 1 });
  assert.deepEqual(counts.severity, { high: 1 });
});

test("a muted alert goes on counting without being shown or streamed, until it is unmuted", async (t) => {
  const { hub } = await openTestHub(t);
  await hub.ingest([frameOf([evilExec()])], sender);
  const { alert_id } = await only(hub);
  await hub.actOnAlert("main", alert_id, { action: "mute", text: "noise" }, "ana");
  let told = 0;
  t.after(hub.listen({ alert: () => told++ }));
  await hub.ingest([frameOf([evilExec()])], sender);
  assert.equal(told, 0);
  assert.equal((await hub.alertPage("main", {})).alerts.length, 0);
  assert.deepEqual((await hub.alertPage("main", {})).counts.status, { new: 0 });
  assert.equal((await hub.alertPage("main", { muted: "true" })).alerts[0]?.count, 2);
  const unmuted = await hub.actOnAlert("main", alert_id, { action: "unmute", text: "" }, "ana");
  assert.equal(unmuted?.muted, false);
  assert.equal(told, 1);
  assert.equal((await only(hub)).count, 2);
});

test("actions are noted with who and when, and an assignment names its assignee", async (t) => {
  const { hub } = await openTestHub(t);
  await hub.ingest([frameOf([evilExec()])], sender);
  const { alert_id } = await only(hub);
  await hub.actOnAlert("main", alert_id, { action: "comment", text: "looking" }, "ana");
  await hub.actOnAlert("main", alert_id, { action: "assign", text: "", assignee: "bob" }, "ana");
  const alert = await only(hub);
  assert.equal(alert.assignee, "bob");
  assert.deepEqual(
    alert.comments.map(({ user, action, text }) => [user, action, text]),
    [
      ["ana", "comment", "looking"],
      ["ana", "assign", "bob"],
    ],
  );
  assert.equal((await hub.alertPage("main", { assignee: "bob" })).alerts.length, 1);
  assert.equal((await hub.alertPage("main", { assignee: "ana" })).alerts.length, 0);
});

test("the histogram has the last hour's minutes, oldest first, and an alert counts once in a minute", async (t) => {
  const { hub } = await openTestHub(t);
  await hub.ingest([frameOf([evilExec()])], sender);
  await hub.ingest([frameOf([evilExec()])], sender);
  const { histogram } = await hub.alertPage("main", {});
  assert.equal(histogram.length, 60);
  const counted = histogram.slice(-3).map((minute) => minute.severity["high"] ?? 0);
  assert.ok([1, 2].includes(counted.reduce((sum, n) => sum + n, 0)), "one, or two when a minute turned in between");
});
