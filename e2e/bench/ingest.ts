import { benchIngest } from "../../hub/bench/ingest.ts";
import type { Measure } from "./measure.ts";

export const ingest: Measure = {
  name: "ingest",
  what: "events ingested, evaluated and committed by the hub",
  async run() {
    const got = await benchIngest({ seconds: 10, batchEvents: 1_000, concurrency: 4 });
    const wait = { unit: "ms", detail: "a sender's wait for its acknowledgement" };
    return [
      {
        name: "hub_events_per_s",
        value: got.eventsPerSecond,
        unit: "events/s",
        target: { at: "least", value: 20_000 },
      },
      { name: "hub_events_per_cpu_s", value: got.eventsPerCpuSecond, unit: "events/s" },
      { name: "hub_acknowledged_p50", value: got.p50Ms, ...wait },
      { name: "hub_acknowledged_p99", value: got.p99Ms, ...wait },
    ];
  },
};
