import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { apiEventFromAudit } from "@atalaya/audit";
import { builtInPacks } from "@atalaya/detections";
import { loadRules, makeEvaluator } from "@atalaya/rules";
import type { Measure } from "./measure.ts";

const samples = fileURLToPath(new URL("../../detections/samples/", import.meta.url));
const seconds = 10;

/** Audit records as lines: the samples' own, whole, as an API server writes them. */
function auditLines(): string[] {
  const lines: string[] = [];
  for (const name of readdirSync(samples, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".json")) continue;
    const sample = JSON.parse(readFileSync(samples + name, "utf8")) as { records?: unknown[] };
    for (const record of sample.records ?? []) lines.push(JSON.stringify(record));
  }
  return lines;
}

export const auditReplay: Measure = {
  name: "audit",
  what: "audit records parsed, redacted and evaluated a second on one core",
  async run() {
    const lines = auditLines();
    const evaluator = makeEvaluator(loadRules(builtInPacks()));
    let [events, matches, bytes] = [0, 0, 0];
    const started = process.cpuUsage();
    const until = performance.now() + seconds * 1_000;
    while (performance.now() < until) {
      for (const line of lines) {
        const event = apiEventFromAudit(JSON.parse(line));
        if (event.ok) matches += evaluator.evaluate(event.value).length;
        events++;
        bytes += line.length;
      }
    }
    const used = process.cpuUsage(started);
    const cpu = (used.user + used.system) / 1e6;
    const detail = `${(bytes / events / 1000).toFixed(1)} kB a record, ${matches} matches; the built-in packs`;
    return [
      {
        name: "audit_events_per_cpu_s",
        value: events / cpu,
        unit: "events/s",
        target: { at: "least", value: 8_350 },
        detail,
      },
    ];
  },
};
