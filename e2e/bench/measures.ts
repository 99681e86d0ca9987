import { adoptedMemory } from "./adopted-memory.ts";
import { attribution } from "./attribution.ts";
import { auditReplay } from "./audit-replay.ts";
import { budgetsMeasure } from "./budgets.ts";
import { hub } from "./hub.ts";
import { ingest } from "./ingest.ts";
import { latency } from "./latency.ts";
import type { Measure } from "./measure.ts";
import { sensorCost, sensorIdle } from "./sensor-cost.ts";
import { sensorSpawn } from "./sensor-spawn.ts";
import { sensorThroughput } from "./sensor-throughput.ts";
import { startTime } from "./start-time.ts";

/** Every measure, in the order of the printed lines. */
export const measures: readonly Measure[] = [
  latency,
  sensorCost,
  sensorIdle,
  sensorSpawn,
  sensorThroughput,
  ingest,
  hub,
  auditReplay,
  startTime,
  budgetsMeasure,
  attribution,
  adoptedMemory,
];
