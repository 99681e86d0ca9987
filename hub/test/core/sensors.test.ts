import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { blankEvent, type Sensor, type SensorReport } from "@atalaya/wire";
import { sender as anybody, frameOf, openTestHub, processEvent, reportEvent } from "./hub-fixture.ts";

// The hub's own machine is of the first workspace: its sensor is missed there and nowhere else.
const sender = { ...anybody, workspaceId: "default" };

const report = {
  ...{ lag_us: 1_500, processes: 10, containers: 2 },
  programs: [{ name: "exec", loaded: true, attached: true }],
  counters: [{ class: "process", reason: "submitted", value: 100 }],
};
const reportFrame = (of: Partial<SensorReport> = {}, node = "node-1") =>
  frameOf([reportEvent({ ...report, ...of })], { ring: 2, node });

test("a sensor that reports is live, with its lag; loss that grows, or a program that did not load, degrades it", async (t) => {
  const { hub } = await openTestHub(t);
  const told: Sensor[] = [];
  t.after(hub.listen({ sensor: (_, sensor) => told.push(sensor) }));
  // A report comes to the table by another way than the commit that answers its sender.
  const heard = async (reports: number) => {
    for (let left = 500; told.length < reports && left > 0; left--) await pause(10);
  };
  assert.match((await hub.status("default")).sensor_missing ?? "", /has not reported yet/);
  await hub.ingest([reportFrame(), frameOf([processEvent({})])], sender);
  await heard(1);
  const [live] = await hub.sensors("default");
  assert.deepEqual([live?.sensor_id, live?.state, live?.lag_us, live?.lost], ["local/node-1", "live", 1_500, []]);
  const status = await hub.status("default");
  assert.deepEqual([status.sensor_missing, status.sensors_live, status.events_total], [null, 1, 2]);
  await hub.ingest([reportFrame({ counters: [{ class: "file", reason: "ring_full", value: 7 }] })], sender);
  await heard(2);
  const [degraded] = await hub.sensors("default");
  assert.deepEqual([degraded?.state, degraded?.lost], ["degraded", [{ class: "file", reason: "ring_full", value: 7 }]]);
  assert.equal((await hub.status("default")).lost_total, 7);
  assert.match(
    await hub.metrics(),
    /atalaya_sensor_lost\{cluster="local",node="node-1",class="file",reason="ring_full"\} 7/,
  );
  await hub.ingest(
    [reportFrame({ programs: [{ name: "x", loaded: false, attached: false, reason: "no BTF" }] }, "node-2")],
    sender,
  );
  await heard(3);
  assert.equal((await hub.sensors("default"))[1]?.state, "degraded");
  const unasked = { name: "y", loaded: false, attached: false, unasked: true };
  const runs = { name: "x", loaded: true, attached: true };
  await hub.ingest([reportFrame({ programs: [runs, unasked] }, "node-3")], sender);
  await heard(4);
  assert.deepEqual(
    told.map((sensor) => sensor.state),
    ["live", "degraded", "degraded", "live"],
  );
  const metrics = await hub.metrics();
  for (const [node, state, count] of [
    ["node-2", "missing", 1],
    ["node-3", "runs", 1],
    ["node-3", "missing", 0],
    ["node-3", "unasked", 1],
  ] as const)
    assert.ok(metrics.includes(`atalaya_sensor_programs{cluster="local",node="${node}",state="${state}"} ${count}`));
});

test("a sensor that was known before a restart is silent until it speaks again", async (t) => {
  const first = await openTestHub(t);
  await first.hub.ingest([reportFrame()], sender);
  await first.close();
  const { hub } = await openTestHub(t, { dataFolder: first.folder });
  const [sensor] = await hub.sensors("default");
  assert.deepEqual([sensor?.state, sensor?.report?.kernel], ["silent", "6.18"]);
  assert.match((await hub.status("default")).sensor_missing ?? "", /fallen silent/);
});

test("a hub in a pod misses no sensor of its own machine, which is a pod's name, but any at all", async (t) => {
  const { hub } = await openTestHub(t, { isInPod: true, node: "atalaya-hub-0" });
  assert.match((await hub.status("default")).sensor_missing ?? "", /No sensor .* kubectl get daemonsets/);
  await hub.ingest([reportFrame()], sender);
  assert.equal((await hub.status("default")).sensor_missing, null);
});

test("a report that is not one is counted and changes nothing", async (t) => {
  const { hub } = await openTestHub(t);
  const event = { ...blankEvent("sensor"), activity: "report" as const, time_us: 1, report: '{"node":1}' };
  await hub.ingest([frameOf([event], { ring: 2 })], sender);
  assert.deepEqual(await hub.sensors("default"), []);
  assert.match(await hub.metrics(), /outcome="report_malformed"\} 1/);
});
