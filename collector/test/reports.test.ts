import assert from "node:assert/strict";
import { test } from "node:test";
import { type SensorReport, sensorReportSchema } from "@atalaya/wire";
import { collectorLimits } from "../src/limits.ts";
import { Reports } from "../src/reports.ts";

const counter = (reason: string, value: number) => ({ class: "open", reason, value });
const report: SensorReport = {
  ...{ node: "n", boot_id: "b", version: "1", kernel: "6", started_us: 1, lag_us: 0, processes: 1, containers: 0 },
  ...{ memory_bytes: 1, cpu_us: 1, filters_version: 1, state_version: 1 },
  programs: [{ name: "process_exec", loaded: true, attached: true }],
  counters: [counter("attempted", 5), counter("filtered", 3), counter("submitted", 2), counter("handed_on", 2)],
};
const { reportQuietMs } = collectorLimits;

test("a report that says nothing new waits, and what changes all the time is nothing new", () => {
  const reports = new Reports();
  assert.ok(reports.eventOf(report, 0));
  const counters = [counter("attempted", 9), counter("filtered", 7), ...report.counters.slice(2)];
  const later = { ...report, lag_us: 7, processes: 2, memory_bytes: 8, cpu_us: 9, counters };
  assert.equal(reports.eventOf(later, 1_000), undefined);
  assert.equal(reports.eventOf(later, reportQuietMs - 1), undefined);
  assert.equal(reports.count, 1);
  const event = reports.eventOf(later, reportQuietMs);
  assert.deepEqual(sensorReportSchema.parse(JSON.parse(event?.report ?? "")), later);
  assert.equal(reports.count, 2);
  // From then on it is the one that others are compared with.
  assert.equal(reports.eventOf(report, 2 * reportQuietMs - 1), undefined);
});

test("whatever happened, was lost, or is otherwise than before is told with the next report, as is that it was the last", () => {
  const news: Partial<SensorReport>[] = [
    { counters: [...report.counters, counter("ring_full", 1)] },
    { counters: [...report.counters.slice(0, 3), counter("handed_on", 3)] },
    { state_version: 2 },
    { programs: [{ name: "process_exec", loaded: true, attached: false }] },
    { tampered: [{ what: "detached", object: "connect4", value: 1 }] },
    { heartbeat: { beats: 1, missed: ["exec"] } },
    { final: true },
  ];
  for (const one of news) {
    const reports = new Reports();
    reports.eventOf(report, 0);
    assert.ok(reports.eventOf({ ...report, ...one }, 1), JSON.stringify(one));
  }
});
