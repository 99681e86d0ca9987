import { blankEvent, ledgerReasons, type SensorEvent, type SensorReport } from "@atalaya/wire";
import { collectorLimits } from "./limits.ts";

/**
 * The reports that are worth sending: each that says something else than the one before, the last, and now and then one that
 * says nothing new, by which the hub hears that the sensor is there. Much of what a node costs at rest is its report.
 */
export class Reports {
  #count = 0;
  #said = "";
  #saidMs = Number.NEGATIVE_INFINITY;

  /** How many there were, which numbers the last. */
  get count(): number {
    return this.#count;
  }

  /** The event to send, undefined where it is not worth it. `nowMs`: of a clock that nobody sets. */
  eventOf(report: SensorReport, nowMs: number): SensorEvent | undefined {
    const said = newsOf(report);
    const isQuiet = said === this.#said && nowMs - this.#saidMs < collectorLimits.reportQuietMs;
    if (isQuiet && report.final !== true) return undefined;
    this.#count += 1;
    this.#said = said;
    this.#saidMs = nowMs;
    return { ...blankEvent("sensor"), activity: "report", time_us: Date.now() * 1_000, report: JSON.stringify(report) };
  }
}

/** Without what changes all the time and is nobody's deed. */
function newsOf(report: SensorReport): string {
  const { lag_us, processes, containers, memory_bytes, cpu_us, counters, ...rest } = report;
  return JSON.stringify({ ...rest, counters: counters.filter(({ reason }) => !looked.has(reason)) });
}

/** What the kernel side counts of what it looked at and left out, for nobody asks for it. */
const looked: ReadonlySet<string> = new Set(
  Object.entries(ledgerReasons.kernel).flatMap(([reason, side]) => {
    return side === "in" || side === "left_out" ? [reason] : [];
  }),
);
