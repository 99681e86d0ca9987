import type { Sensor } from "@atalaya/wire";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { FromWriter } from "../store/writer-messages.ts";
import { programStates } from "./sensor-table.ts";

const secondsBuckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** The figures of pipeline and store, in Prometheus' terms. */
export class HubMetrics {
  readonly #registry = new Registry();
  readonly #events = this.#counter("atalaya_hub_events_total", "Events by class and what became of them.", [
    "class",
    "outcome",
  ]);
  readonly #alerts = this.#counter("atalaya_hub_alert_changes_total", "Committed changes of alerts, by severity.", [
    "severity",
  ]);
  readonly #refused = this.#counter("atalaya_hub_requests_refused_total", "Requests that were not taken, by fault.", [
    "code",
  ]);
  readonly #failures = this.#counter("atalaya_hub_commits_failed_total", "Group commits that the store refused.", []);
  readonly #rows = this.#counter("atalaya_hub_process_rows_total", "Process life-cycle rows handed to the store.", []);
  readonly #liveNotShown = this.#counter(
    "atalaya_hub_live_events_not_shown_total",
    "Events over the live stream's rate.",
    [],
  );
  readonly #ruleErrors = this.#counter(
    "atalaya_hub_evaluation_errors_total",
    "Events whose evaluation threw: a bug.",
    [],
  );
  readonly #notJoined = this.#counter(
    "atalaya_hub_who_not_joined_total",
    "Left out of who did it: pods beyond those that may wait, processes in pods that run on another node.",
    ["reason"],
  );
  readonly #commitSeconds = this.#histogram("atalaya_hub_commit_seconds", "Duration of a group commit.");
  readonly #evaluateSeconds = this.#histogram("atalaya_hub_evaluation_seconds", "Decoding and evaluating one request.");
  readonly #lost = this.#gauge("atalaya_sensor_lost", "Events that a sensor lost since it started.", [
    "cluster",
    "node",
    "class",
    "reason",
  ]);

  readonly #programs = this.#gauge(
    "atalaya_sensor_programs",
    "Programs of a sensor: those that run, that are missing, and that no rule asks for.",
    ["cluster", "node", "state"],
  );

  #counter<L extends string>(name: string, help: string, labelNames: L[]): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  #histogram(name: string, help: string): Histogram {
    return new Histogram({ name, help, buckets: secondsBuckets, registers: [this.#registry] });
  }

  #gauge<L extends string>(name: string, help: string, labelNames: L[]): Gauge<L> {
    return new Gauge({ name, help, labelNames, registers: [this.#registry] });
  }

  /** A figure that is read when it is asked for. */
  watch(name: string, help: string, value: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(value());
      },
    });
  }

  committed(message: Extract<FromWriter, { type: "committed" }>): void {
    this.#notJoined.inc({ reason: "pods_waiting" }, message.notJoined.pods);
    this.#notJoined.inc({ reason: "starts_elsewhere" }, message.notJoined.startsElsewhere);
    this.#commitSeconds.observe(message.commitUs / 1e6);
    for (const batch of message.batches) {
      this.#evaluateSeconds.observe(batch.evaluateUs / 1e6);
      this.#rows.inc(batch.rows);
      this.#ruleErrors.inc(batch.evaluationErrors);
      for (const entry of batch.ledger) this.#events.inc({ class: entry.class, outcome: entry.reason }, entry.n);
    }
    for (const { alert } of message.changes) this.#alerts.inc({ severity: alert.severity });
  }

  failed(): void {
    this.#failures.inc();
  }

  refused(code: string): void {
    this.#refused.inc({ code });
  }

  liveNotShown(n: number): void {
    this.#liveNotShown.inc(n);
  }

  async text(sensors: readonly Pick<Sensor, "cluster" | "node" | "lost" | "report">[]): Promise<string> {
    this.#lost.reset();
    this.#programs.reset();
    for (const { cluster, node, lost, report } of sensors) {
      for (const { value, ...labels } of lost) this.#lost.set({ cluster, node, ...labels }, value);
      for (const [state, count] of programStates(report)) this.#programs.set({ cluster, node, state }, count);
    }
    return this.#registry.metrics();
  }
}
