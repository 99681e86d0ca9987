import {
  classOfKind,
  classOfRecordKind,
  countersOfReport,
  type LedgerCounter,
  ledgerReasons,
  type PublisherReport,
  type Sensor,
  type SensorReport,
} from "@atalaya/wire";
import { Gauge, Registry } from "prom-client";
import { pipelineLimits } from "../core/limits.ts";
import type { NodeSync } from "../state/node-syncs.ts";
import { CounterSum } from "./counter-sum.ts";
import type { NodeAccount } from "./node-account.ts";

/** One node as the figures show it. */
export type NodeFigures = {
  account: NodeAccount;
  sensor: Sensor | undefined;
  sync: (NodeSync & { syncedUs: number }) | undefined;
  stateWanted: number;
};

const node = ["workspace", "cluster", "node"] as const;
type NodeLabel = (typeof node)[number];

/**
 * Every node's figures for Prometheus: collectors have no socket and publishers open none, so the hub speaks for them.
 * Reasons that the ledger does not name are joined as `other`, and nodes beyond the limit are only counted: the number
 * of series is bounded, whoever sends.
 */
export class LedgerMetrics {
  readonly #registry = new Registry();
  readonly #events = this.#gauge(
    "atalaya_node_events",
    "The account of a node: events by hop, class and reason (wire/src/ledger.ts). Grows, but for pending.",
    [...node, "hop", "class", "reason"],
  );
  readonly #difference = this.#perNode(
    "atalaya_node_events_unaccounted",
    "Let go by the kernel and not accounted for.",
  );
  readonly #unreported = this.#perNode(
    "atalaya_node_events_unreported",
    "Of epochs that ended without a last report: told of and never seen; negative: seen and never told of.",
  );
  readonly #lag = this.#perNode("atalaya_node_lag_seconds", "Age of the newest event when the collector handed it on.");
  readonly #seen = this.#perNode("atalaya_node_seen_seconds", "Since the collector's last report.");
  readonly #synced = this.#perNode("atalaya_node_synced_seconds", "Since the publisher's last sync.");
  readonly #clock = this.#perNode("atalaya_node_clock_seconds", "The node's clock minus the hub's.");
  readonly #spool = this.#perNode("atalaya_node_spool_bytes", "What waits on the publisher's disk.");
  readonly #spoolMax = this.#perNode("atalaya_node_spool_bytes_max", "What may wait on the publisher's disk.");
  readonly #writable = this.#perNode("atalaya_node_spool_writable", "0 while the publisher's disk takes nothing.");
  readonly #recorder = this.#perNode("atalaya_node_recorder_bytes", "What the node's flight recorder holds.");
  readonly #recorded = this.#gauge(
    "atalaya_node_recorder_events",
    "Events of the flight recorder since the publisher's start: recorded, aged out as intended, given up early, unwritten.",
    [...node, "what"],
  );
  readonly #expires = this.#perNode(
    "atalaya_node_certificate_expires_seconds",
    "Until the node's certificate ends; negative when it has.",
  );
  readonly #memory = this.#gauge("atalaya_node_memory_bytes", "Resident memory of a part.", [...node, "part"]);
  readonly #cpu = this.#gauge("atalaya_node_cpu_seconds", "Processor time that a part has used.", [...node, "part"]);
  readonly #state = this.#gauge("atalaya_node_state_version", "The desired state: wanted by the hub, in force there.", [
    ...node,
    "side",
  ]);
  readonly #blocking = this.#gauge(
    "atalaya_node_blocking_containers",
    "Containers in which brought programs are blocked, are on trial, or are left alone although a policy wants them blocked.",
    [...node, "what"],
  );
  readonly #refusals = this.#perNode("atalaya_node_states_refused", "Desired states that the node refused.");
  readonly #revoked = this.#perNode("atalaya_node_revoked", "1 for a node whose certificate was revoked.");
  readonly #notShown = new Gauge({
    name: "atalaya_nodes_not_shown",
    help: "Nodes beyond the number that have series of their own.",
    registers: [this.#registry],
  });

  #gauge<L extends string>(name: string, help: string, labelNames: L[]): Gauge<L> {
    return new Gauge({ name, help, labelNames, registers: [this.#registry] });
  }

  #perNode(name: string, help: string): Gauge<NodeLabel> {
    return this.#gauge(name, help, [...node]);
  }

  async text(nodes: Iterable<NodeFigures>): Promise<string> {
    this.#registry.resetMetrics();
    let [shown, others] = [0, 0];
    const nowUs = Date.now() * 1_000;
    for (const figures of nodes) {
      if (shown >= pipelineLimits.nodesInMetricsMax) others += 1;
      else {
        shown += 1;
        this.#account(figures.account);
        this.#parts(figures, nowUs);
      }
    }
    this.#notShown.set(others);
    return this.#registry.metrics();
  }

  #account(account: NodeAccount): void {
    const of = labelsOf(account);
    const { kernel, collector } = countersOfReport(account.collector.counters());
    const hub = account.hubCountsByStream().map(({ n: value, ...one }): LedgerCounter => ({ ...one, value }));
    if (account.collector.current !== undefined) kernel.push(...noneOfKernel);
    const hops = { kernel, collector, publisher: account.publisher.counters(), hub } as const;
    for (const hop of ["kernel", "collector", "publisher", "hub"] as const) {
      const known = ledgerReasons[hop];
      const counters = hops[hop].map(({ class: kind, reason, value }) => {
        return { class: knownClass(kind), reason: Object.hasOwn(known, reason) ? reason : "other", value };
      });
      for (const one of new CounterSum(counters).list())
        this.#events.set({ ...of, hop, class: one.class, reason: one.reason }, one.value);
    }
    const { difference, unreported = 0 } = account.ledger();
    this.#difference.set(of, difference);
    this.#unreported.set(of, unreported);
  }

  #blockingOf(of: Record<NodeLabel, string>, blocking: SensorReport["blocking"]): void {
    if (blocking === undefined) return;
    this.#blocking.set({ ...of, what: "blocked" }, blocking.containers);
    this.#blocking.set({ ...of, what: "trial" }, blocking.trials);
    this.#blocking.set(
      { ...of, what: "withheld" },
      blocking.withheld.reduce((sum, { value }) => sum + value, 0),
    );
  }

  #recorderOf(of: Record<NodeLabel, string>, recorder: PublisherReport["recorder"]): void {
    if (recorder === undefined) return;
    this.#recorder.set(of, recorder.bytes);
    for (const what of ["recorded", "aged", "given_up", "unwritten"] as const)
      this.#recorded.set({ ...of, what }, recorder[what]);
  }

  #parts({ account, sensor, sync, stateWanted }: NodeFigures, nowUs: number): void {
    const of = labelsOf(account);
    if (sensor?.report != null) {
      this.#lag.set(of, sensor.report.lag_us / 1e6);
      this.#seen.set(of, Math.max(0, nowUs - sensor.last_seen_us) / 1e6);
      this.#memory.set({ ...of, part: "collector" }, sensor.report.memory_bytes);
      this.#cpu.set({ ...of, part: "collector" }, sensor.report.cpu_us / 1e6);
      this.#blockingOf(of, sensor.report.blocking);
      this.#state.set({ ...of, side: "in_force" }, sensor.report.state_version ?? 0);
    }
    if (sync === undefined || sync.report === null) return;
    const { report } = sync;
    this.#synced.set(of, Math.max(0, nowUs - sync.syncedUs) / 1e6);
    this.#clock.set(of, sync.clockUs / 1e6);
    this.#spool.set(of, report.spool.bytes);
    this.#spoolMax.set(of, report.spool.bytes_max);
    this.#writable.set(of, report.spool.writable ? 1 : 0);
    this.#recorderOf(of, report.recorder);
    if (report.certificate_expires_us !== null) this.#expires.set(of, (report.certificate_expires_us - nowUs) / 1e6);
    this.#memory.set({ ...of, part: "publisher" }, report.memory_bytes);
    this.#cpu.set({ ...of, part: "publisher" }, report.cpu_us / 1e6);
    this.#state.set({ ...of, side: "wanted" }, stateWanted);
    this.#state.set({ ...of, side: "confirmed" }, sync.confirmed?.version ?? 0);
    this.#refusals.set(of, sync.refusals);
    this.#revoked.set(of, sync.revoked ? 1 : 0);
  }
}

function labelsOf({ of: { workspaceId: workspace, cluster, node: name } }: NodeAccount): Record<NodeLabel, string> {
  return { workspace, cluster, node: name };
}

// A report leaves zeros out. Here they are said: what a series begins with is no increase, and a first loss would be none.
const noneOfKernel: readonly LedgerCounter[] = [...new Set(Object.values(classOfRecordKind))].flatMap((name) =>
  Object.keys(ledgerReasons.kernel).map((reason) => ({ class: name, reason, value: 0 })),
);

const classes: ReadonlySet<string> = new Set([
  "process",
  "file",
  "network",
  "dns",
  "kernel",
  "api",
  "sensor",
  "inventory",
  "made",
]);

/** The class of a counter; a name that is none of ours becomes `other`. */
function knownClass(kind: string): string {
  const name = classOfKind(kind);
  return classes.has(name) ? name : "other";
}
