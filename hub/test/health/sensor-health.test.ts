import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { builtInPacks } from "@atalaya/detections";
import { type Alert, type AlertSummary, blankEvent, type SensorReport, type SyncRequest } from "@atalaya/wire";
import { AuditLogWatch } from "../../src/health/audit-log-watch.ts";
import { type HealthLimits, healthLimits } from "../../src/health/limits.ts";
import type { HubCore } from "../../src/hub-core.ts";
import { frameOf, openTestHub, reportEvent, sender } from "../core/hub-fixture.ts";
import { publisherReport } from "../served-hub.ts";

// The hub as it is, with the rules that it ships; only its patience is shorter.

const builtIn = builtInPacks();
const of = { workspaceId: "main", cluster: "local", node: "node-7" };
const quick: Partial<HealthLimits> = { lossQuietMs: 200, lossTellMs: 600, silentMs: 700, startGraceMs: 700 };
const patient: Partial<HealthLimits> = { lossQuietMs: 200, lossTellMs: 600 };

let nowUs = Date.now() * 1_000;
function reportFrame(change: Partial<SensorReport>, node = of.node) {
  nowUs += 1_000_000;
  const event = reportEvent({ node: of.node, started_us: nowUs - 5e6, epoch: "e", ...change }, nowUs);
  return frameOf([event], { ring: 2, node });
}

const lost = (value: number) => [{ class: "open", reason: "ring_full", value }];
const report = (hub: HubCore, change: Partial<SensorReport> = {}) => hub.ingest([reportFrame(change)], sender);
const synced = (hub: HubCore, change: Partial<SyncRequest>) => {
  const asked = { publisher: publisherReport({}), confirmed: null, holds: 0, wait_s: 0, ...change };
  hub.synced(of, asked, Date.now() * 1_000);
};

/** Resolves with the next committed change of an alert of the rule. */
function nextAlert(hub: HubCore, rule: string): Promise<AlertSummary> {
  return new Promise((resolve) => {
    const stop = hub.listen({
      alert: ({ alert }) => {
        if (alert.rule !== rule) return;
        stop();
        resolve(alert);
      },
    });
  });
}

async function sensorAlerts(hub: HubCore): Promise<AlertSummary[]> {
  return (await hub.alertPage("main", { source: "sensor" })).alerts;
}

async function whole(hub: HubCore, { alert_id }: AlertSummary): Promise<Alert> {
  const alert = await hub.alert("main", alert_id);
  assert.ok(alert !== undefined);
  return alert;
}

test("audit records that a webhook sent and nobody can read are an alert of their cluster", async (t) => {
  const { hub } = await openTestHub(t, { builtIn, health: quick });
  const apiServer = { workspaceId: "main", credentialId: "audit-1", cluster: "prod", node: null, mayAudit: true };
  const alert = nextAlert(hub, "Sensor Blind");
  await hub.audit([], apiServer, { undecodable: 9, too_large: 0 });
  await hub.audit([], apiServer, { undecodable: 3, too_large: 0 });
  const told = await whole(hub, await alert);
  assert.equal(told.where.cluster, "prod");
  assert.match(JSON.stringify(told), /API server of prod sent could not be read: undecodable, 12 api events/);
  // An API server that posts nothing is no silent sensor.
  await setTimeout(1_500);
  assert.equal((await sensorAlerts(hub)).length, 1);
});

test("loss that grows from report to report is one alert that says how long, where, why and how much", async (t) => {
  const { hub } = await openTestHub(t, { builtIn, health: patient });
  await report(hub, { counters: lost(0) });
  const alert = nextAlert(hub, "Sensor Blind");
  await report(hub, { counters: lost(400) });
  await report(hub, { counters: lost(900) });
  await report(hub, { counters: lost(1_204) });
  const told = await alert;
  assert.equal(told.summary.en, "Blind for 3 s on node-7: ring_full, 1204 file events lost");
  assert.equal(told.summary.es, "Ciego durante 3 s en node-7: ring_full, 1204 eventos de file perdidos");
  assert.deepEqual([told.where.node, told.where.cluster, told.source], ["node-7", "local", "sensor"]);
  const { output } = await whole(hub, told);
  assert.match(output, /message=Blind for 3 s on node-7: ring full, 1,204 file events/);
  const again = nextAlert(hub, "Sensor Blind");
  await report(hub, { counters: lost(1_304) });
  assert.equal((await again).alert_id, told.alert_id);
  assert.equal((await sensorAlerts(hub)).length, 1);
});

test("a few lost events, and those lost before the hub knew the node, are no alert", async (t) => {
  const { hub } = await openTestHub(t, { builtIn, health: patient });
  await report(hub, { counters: lost(50_000), started_us: 1 });
  await report(hub, { counters: lost(50_009), started_us: 1 });
  const alert = nextAlert(hub, "Sensor Blind");
  // Another class gets its own episode: when it is told, the few of before have been looked at as well.
  const more = [...lost(50_009), { class: "exec", reason: "ring_full", value: 20 }];
  await report(hub, { counters: more, started_us: 1 });
  assert.match((await alert).summary.en, /20 process events/);
  assert.equal((await sensorAlerts(hub)).length, 1);
});

test("one file of an audit log that vanished unread is an alert: it stands for all records that were in it", async (t) => {
  const { hub } = await openTestHub(t, { builtIn, health: patient });
  const vanished = (value: number) => [{ class: "api", reason: "vanished", value }];
  await report(hub, { counters: vanished(0) });
  const alert = nextAlert(hub, "Sensor Blind");
  await report(hub, { counters: vanished(1) });
  assert.match((await alert).summary.en, /vanished, 1 api/);
});

test("what somebody did to a sensor is an alert for each kind, and the next of a kind is counted on it", async (t) => {
  const { hub } = await openTestHub(t, { builtIn, health: patient });
  const started_us = 7;
  const done = (value: number) => ({ started_us, tampered: [{ what: "detached", object: "connect4", value }] });
  await report(hub, { started_us, tampered: [] });
  const alert = nextAlert(hub, "Sensor Tampered With");
  await report(hub, done(1));
  await report(hub, done(1));
  const told = await alert;
  assert.match(told.summary.en, /tampered with the sensor of node-7: detached connect4/);
  assert.equal((await whole(hub, told)).count, 1);
  const again = nextAlert(hub, "Sensor Tampered With");
  await report(hub, done(2));
  assert.equal((await again).alert_id, told.alert_id);
});

test("what a container did beyond its budget is an alert that names it", async (t) => {
  const { hub } = await openTestHub(t, { builtIn, health: patient });
  const over = (value: number) => ({
    counters: [{ class: "open", reason: "throttled", value }],
    throttled: [
      { class: "network", where: "/other", value: 9_999 },
      { class: "file", where: "container c0ffee (shop/web-1/web)", value },
    ],
  });
  await report(hub, over(0));
  const alert = nextAlert(hub, "Sensor Blind");
  await report(hub, over(1_300));
  const { output } = await whole(hub, await alert);
  assert.match(
    output,
    /Blind for 1 s on node-7: throttled, 1,300 file events, by container c0ffee \(shop\/web-1\/web\): 1,300/,
  );
});

test("what a publisher gave up makes the node blind as well", async (t) => {
  const { hub } = await openTestHub(t, { builtIn, health: patient });
  const counters = (value: number) => [{ class: "process", reason: "given_up", value }];
  synced(hub, { publisher: publisherReport({ counters: counters(0) }) });
  const alert = nextAlert(hub, "Sensor Blind");
  synced(hub, { publisher: publisherReport({ counters: counters(77) }) });
  assert.match((await alert).summary.en, /given_up, 77 process events lost/);
});

test("a sensor that falls silent is told of once, and its return is noted on the alert", async (t) => {
  const { hub } = await openTestHub(t, { builtIn, health: quick });
  const alert = nextAlert(hub, "Sensor Silent");
  await report(hub);
  const told = await alert;
  assert.match(told.summary.en, /^Nothing was heard of the sensor of node-7 for \d s$/);
  const noted = nextAlert(hub, "Sensor Silent");
  await report(hub);
  const after = await whole(hub, await noted);
  assert.deepEqual(
    after.comments.map(({ user, action, text }) => [user, action, text]),
    [["atalaya", "comment", after.comments[0]?.text]],
  );
  assert.match(after.comments[0]?.text ?? "", /^Heard again after \d s\.$/);
  assert.equal((await sensorAlerts(hub)).length, 1);
});

test("an audit log that a node is to read and does not is told of once, and noted on the alert when it is read", async (t) => {
  const { hub } = await openTestHub(t, { builtIn, health: { unreadMs: 400 } });
  const alert = nextAlert(hub, "Audit Log Unread");
  let state = "absent";
  // As sensors do, again and again; the other node was never told to read one.
  const reports = setInterval(() => {
    void report(hub, { audit_log: { state } });
    void hub.ingest([reportFrame({ node: "node-8" }, "node-8")], sender);
  }, 100);
  t.after(() => clearInterval(reports));
  const told = await alert;
  assert.match(told.summary.en, /^The audit log of node-7 was not read for \d s: absent$/);
  const noted = nextAlert(hub, "Audit Log Unread");
  state = "read";
  const after = await whole(hub, await noted);
  clearInterval(reports);
  assert.deepEqual(
    after.comments.map(({ text }) => text),
    ["It is read again."],
  );
  assert.deepEqual(
    (await sensorAlerts(hub)).map(({ rule, where, count }) => [rule, where.node, count]),
    [["Audit Log Unread", "node-7", 1]],
  );
});

test("a reader that fails once is no alert, one that fails again and again is, though it reads between", () => {
  const watch = new AuditLogWatch({ ...healthLimits, unreadMs: 30_000 });
  const second = (at: number, state: string) => {
    watch.heard({ state }, at * 1_000);
    return watch.take(at * 1_000);
  };
  const once = Array.from({ length: 200 }, (_, at) => second(at, at >= 10 && at < 15 ? "failed" : "read"));
  assert.ok(once.every((one) => one === undefined));
  const often = Array.from({ length: 100 }, (_, at) => second(200 + at, at % 10 < 5 ? "failed" : "read"));
  assert.deepEqual(
    often.filter((one) => one !== undefined).map(({ reason }) => reason),
    ["failed"],
  );
  assert.equal(watch.heard(undefined, 400_000), true, "it is not told to read one any more");
});

test("a sensor that a restarted hub knows and does not hear is told of after a grace", async (t) => {
  const first = await openTestHub(t, { builtIn });
  await report(first.hub);
  await first.close();
  const { hub } = await openTestHub(t, { builtIn, dataFolder: first.folder, health: quick });
  const told = await nextAlert(hub, "Sensor Silent");
  assert.equal((await whole(hub, told)).output_fields["sensor.reason"], "not_back");
});

test("a clock that jumps, or is far away, is told of by how much, and its agreement is noted", async (t) => {
  const { hub } = await openTestHub(t, { builtIn });
  const says = (aheadUs: number) =>
    synced(hub, { publisher: publisherReport({ now_us: Date.now() * 1_000 + aheadUs }) });
  says(0);
  const alert = nextAlert(hub, "Sensor Clock");
  says(3_600_000_000);
  const told = await alert;
  assert.match((await whole(hub, told)).output, /jumped by 60 min and is 60 min ahead of the hub's/);
  const back = nextAlert(hub, "Sensor Clock");
  says(0);
  await back;
  const { comments, count } = await whole(hub, (await sensorAlerts(hub))[0] as AlertSummary);
  assert.ok(count >= 1);
  assert.ok(comments.every(({ text }) => text === "The clock agrees with the hub's again."));
});

test("a refused state and a sender that speaks for another are told of, with how often", async (t) => {
  const { hub } = await openTestHub(t, { builtIn });
  const refused = nextAlert(hub, "Sensor Refused Desired State");
  const confirmed = { version: 7, refused: "the signature is not the hub's" };
  for (let i = 0; i < 3; i++) synced(hub, { confirmed });
  assert.equal((await refused).summary.en, "node-7 refused a desired state: the signature is not the hub's");
  const mismatch = nextAlert(hub, "Sensor Identity Mismatch");
  for (let i = 0; i < 5; i++) hub.mismatched(of, "A frame names another node", "node");
  assert.equal(
    (await mismatch).summary.en,
    "node-7 sent what names another node; it was refused: A frame names another node",
  );
  assert.deepEqual(
    (await sensorAlerts(hub)).map(({ count }) => count),
    [1, 1],
  );
});

test("news of a sensor in a frame are not believed: only the hub makes them", async (t) => {
  const { hub } = await openTestHub(t, { builtIn });
  const forged = { ...blankEvent("sensor"), activity: "blind" as const, time_us: 1, count: 5, node: "node-8" };
  await hub.ingest([frameOf([forged], { ring: 2 })], sender);
  assert.deepEqual(await sensorAlerts(hub), []);
  assert.match(await hub.metrics(), /outcome="report_malformed"\} 1/);
});

test("a sensor whose reports wait behind a backlog at its publisher is not silent", async (t) => {
  const { hub } = await openTestHub(t, { builtIn, health: quick });
  await report(hub);
  const spool = { bytes: 9, bytes_max: 10, frames: 5, oldest_us: Date.now() * 1_000 - 60_000_000, writable: true };
  // Told again and again for longer than the patience; then the backlog is gone and there is still no report.
  for (let i = 0; i < 5; i++) {
    synced(hub, { publisher: publisherReport({ spool }) });
    await setTimeout(300);
    assert.deepEqual(await sensorAlerts(hub), []);
  }
  assert.equal((await nextAlert(hub, "Sensor Silent")).where.node, "node-7");
});

test("a sensor that does not see what it does itself is an alert, degraded, and a comment when it sees again", async (t) => {
  const { hub } = await openTestHub(t, { builtIn, health: patient });
  const missed = (...sights: string[]) => report(hub, { heartbeat: { beats: 7, missed: sights } });
  await missed();
  assert.deepEqual(await sensorAlerts(hub), []);
  const alert = nextAlert(hub, "Sensor Heartbeat Missed");
  await missed("open");
  await missed("open");
  const told = await alert;
  assert.match(told.summary.en, /node-7 runs, and does not see what it does itself: open/);
  assert.equal((await whole(hub, told)).count, 1);
  assert.equal((await hub.sensors("main"))[0]?.state, "degraded");
  await missed();
  assert.equal((await hub.sensors("main"))[0]?.state, "live");
  for (let i = 0; i < 100 && (await whole(hub, told)).comments.length === 0; i++) await setTimeout(20);
  assert.match((await whole(hub, told)).comments[0]?.text ?? "", /sees its own heartbeat again/);
});
