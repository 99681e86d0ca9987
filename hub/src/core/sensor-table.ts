import { countersOfReport, type ProgramState, type Sensor, type SensorReport, sideOf } from "@atalaya/wire";
import type { SensorHeard } from "../pipeline/messages.ts";
import type { SensorTable as SensorRow } from "../store/schema.ts";
import { pipelineLimits } from "./limits.ts";
import { Rate } from "./rates.ts";

type Entry = {
  workspaceId: string;
  sensorId: string;
  cluster: string;
  node: string;
  lastSeenUs: number;
  /** By the monotonic clock, since the hub started; what an earlier run wrote down says nothing of now. */
  heardMs: number | undefined;
  report: SensorReport | null;
  lossGrewMs: number;
  rate: Rate;
  state: Sensor["state"];
  unsaved: boolean;
};

/** What sensors say of themselves, in memory; their last words are written down now and then. */
export class SensorTable {
  readonly #entries = new Map<string, Entry>();
  readonly #changed: (workspaceId: string, sensor: Sensor) => void;
  notKept = 0;

  constructor(rows: readonly SensorRow[], changed: (workspaceId: string, sensor: Sensor) => void) {
    this.#changed = changed;
    for (const row of rows) {
      const entry = this.#entry(row.workspace_id, row.cluster, row.node);
      if (entry === undefined) continue;
      entry.lastSeenUs = row.last_seen_us;
      entry.report = JSON.parse(row.report) as SensorReport;
    }
  }

  #entry(workspaceId: string, cluster: string, node: string): Entry | undefined {
    const sensorId = `${cluster}/${node}`;
    const key = `${workspaceId}\n${sensorId}`;
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    if (this.#entries.size >= pipelineLimits.sensorsMax) {
      this.notKept += 1;
      return undefined;
    }
    const seen = {
      lastSeenUs: 0,
      heardMs: undefined,
      report: null,
      lossGrewMs: Number.NEGATIVE_INFINITY,
      rate: new Rate(),
      state: "silent",
      unsaved: false,
    } as const;
    const made: Entry = { workspaceId, sensorId, cluster, node, ...seen };
    this.#entries.set(key, made);
    return made;
  }

  heard({ workspaceId, cluster, report }: SensorHeard): void {
    const entry = this.#entry(workspaceId, cluster, report.node);
    if (entry === undefined) return;
    const nowMs = performance.now();
    const sameLife = lifeOf(entry.report) === lifeOf(report);
    if (lossOf(report) > (sameLife ? lossOf(entry.report) : 0)) entry.lossGrewMs = nowMs;
    entry.report = report;
    entry.lastSeenUs = Date.now() * 1_000;
    entry.heardMs = nowMs;
    entry.unsaved = true;
    entry.state = stateOf(entry, nowMs);
    this.#changed(workspaceId, show(entry));
  }

  /** Events of a node that were committed. */
  counted(workspaceId: string, cluster: string, node: string, n: number): void {
    this.#entries.get(`${workspaceId}\n${cluster}/${node}`)?.rate.add(n);
  }

  /** Tells of sensors that fell silent or recovered. */
  tick(): void {
    const nowMs = performance.now();
    for (const entry of this.#entries.values()) {
      const state = stateOf(entry, nowMs);
      if (state === entry.state) continue;
      entry.state = state;
      this.#changed(entry.workspaceId, show(entry));
    }
  }

  list(workspaceId: string): Sensor[] {
    this.tick();
    const own = [...this.#entries.values()].filter((entry) => entry.workspaceId === workspaceId);
    return own.map(show).sort((a, b) => (a.sensor_id < b.sensor_id ? -1 : 1));
  }

  /** Of all workspaces. */
  all(): (Sensor & { workspaceId: string })[] {
    return [...this.#entries.values()].map((entry) => ({ ...show(entry), workspaceId: entry.workspaceId }));
  }

  /** The rows to write down, each once. */
  takeUnsaved(): SensorRow[] {
    const rows: SensorRow[] = [];
    for (const entry of this.#entries.values()) {
      if (!entry.unsaved || entry.report === null) continue;
      entry.unsaved = false;
      const { workspaceId: workspace_id, sensorId: sensor_id, cluster, node, lastSeenUs: last_seen_us } = entry;
      rows.push({ workspace_id, sensor_id, cluster, node, last_seen_us, report: JSON.stringify(entry.report) });
    }
    return rows;
  }
}

/** What is lost by what the ledger says of the hop that counted it; a reason that this version does not know is. */
function lostBy(report: SensorReport | null): Sensor["lost"] {
  const { kernel, collector } = countersOfReport(report?.counters ?? []);
  const lost = [
    ...kernel.filter(({ reason }) => sideOf("kernel", reason) === "lost"),
    ...collector.filter(({ reason }) => sideOf("collector", reason) === "lost"),
  ];
  return lost.filter(({ value }) => value > 0);
}

function lossOf(report: SensorReport | null): number {
  return lostBy(report).reduce((sum, { value }) => sum + value, 0);
}

/** Counters go on over a collector's restarts when it names an epoch. */
function lifeOf(report: SensorReport | null): string | number | undefined {
  return report?.epoch ?? report?.started_us;
}

/** What no rule asks for is not missing. */
function stateOfProgram({ loaded, attached, unasked }: ProgramState): "runs" | "missing" | "unasked" {
  if (unasked === true) return "unasked";
  return loaded && attached ? "runs" : "missing";
}

/** How many programs of a sensor are in each state; nothing of one that never reported. */
export function programStates(report: SensorReport | null): [state: string, count: number][] {
  const counts = { runs: 0, missing: 0, unasked: 0 };
  for (const program of report?.programs ?? []) counts[stateOfProgram(program)] += 1;
  return report === null ? [] : Object.entries(counts);
}

function stateOf(entry: Entry, nowMs: number): Sensor["state"] {
  const { sensorSilentUs, sensorLossWindowUs } = pipelineLimits;
  if (entry.heardMs === undefined || nowMs - entry.heardMs > sensorSilentUs / 1_000) return "silent";
  if (nowMs - entry.lossGrewMs < sensorLossWindowUs / 1_000) return "degraded";
  if ((entry.report?.heartbeat?.missed.length ?? 0) > 0) return "degraded";
  const log = entry.report?.audit_log?.state;
  if (log !== undefined && log !== "read" && log !== "starting" && log !== "waiting") return "degraded";
  return entry.report?.programs.some((program) => stateOfProgram(program) === "missing") ? "degraded" : "live";
}

function show(entry: Entry): Sensor {
  return {
    sensor_id: entry.sensorId,
    cluster: entry.cluster,
    node: entry.node,
    state: entry.state,
    last_seen_us: entry.lastSeenUs,
    events_per_second: entry.rate.perSecond(),
    lag_us: entry.report?.lag_us ?? 0,
    lost: lostBy(entry.report),
    report: entry.report,
  };
}
