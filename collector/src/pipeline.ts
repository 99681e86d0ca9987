import { isDeepStrictEqual } from "node:util";
import {
  type AuditLogState,
  type CollectorReason,
  emptyFilterPlan,
  type FilterPlan,
  noRecording,
  type Resume,
  type SensorReport,
} from "@atalaya/wire";
import type { Blocker } from "./blocking/blocker.ts";
import { blockerOf } from "./blocking/blocker-of.ts";
import { BootClock } from "./boot-clock.ts";
import type { BundleFolders } from "./bundle.ts";
import { CgroupPaths } from "./cgroup-paths.ts";
import { Containers } from "./containers.ts";
import { EventMaker } from "./event-maker.ts";
import type { StreamName } from "./frame-builder.ts";
import { Gathering } from "./gathering.ts";
import { Handover } from "./handover.ts";
import { monotonicMs } from "./health-file.ts";
import { type Heartbeat, sightsOf, withHeartbeat } from "./heartbeat.ts";
import { ImageCopies } from "./image-copies.ts";
import type { Counter, KernelRecord, Task } from "./kernel-record.ts";
import type { KernelSource } from "./kernel-source.ts";
import { collectorLimits } from "./limits.ts";
import { nodeCounters } from "./node-counters.ts";
import { OrderedDrain } from "./ordered-drain.ts";
import type { Outlet } from "./outlet.ts";
import { isOwnDeed } from "./own-deed.ts";
import { ProcessTable } from "./process-table.ts";
import { RecordStream } from "./record-stream.ts";
import { RecordedGroups, withRecorder } from "./recorded-groups.ts";
import { Reports } from "./reports.ts";
import { SelfWatch } from "./self-watch.ts";
import type { StateInForce } from "./state-in-force.ts";
import { SureGroups } from "./sure-groups.ts";
import { TableHealer } from "./table-healer.ts";
import { type Outcome, Tally } from "./tally.ts";
import { Throttling } from "./throttling.ts";
import { HostNames, hostRoot } from "./user-names.ts";
import { Window } from "./window.ts";

export type PipelineOptions = {
  node: string;
  bootId: string;
  version: string;
  kernel: string;
  cgroupMount?: string;
  bundleFolders?: BundleFolders;
  cluster?: string;
  /** The node's own file about blocking; without one nothing is ever blocked. */
  permitFile?: string | undefined;
  log?: (line: string) => void;
  /** By which the sensor proves that it sees. */
  heartbeat?: Heartbeat;
};

/** From the kernel's rings to the outlet, with an account of every record. */
export class Pipeline {
  readonly #source: KernelSource;
  readonly #outlet: Outlet;
  readonly #options: PipelineOptions;
  readonly #clock = new BootClock();
  readonly #paths: CgroupPaths;
  readonly #containers: Containers;
  readonly #table: ProcessTable;
  readonly #maker: EventMaker;
  readonly #blocker: Blocker;
  readonly #recorded: RecordedGroups;
  readonly #sure: SureGroups;
  readonly #window = new Window();
  readonly #gathering: Gathering;
  readonly #stream: RecordStream;
  readonly #drain: OrderedDrain;
  readonly #handover: Handover | undefined;
  readonly #healer: TableHealer;
  readonly #throttling: Throttling;
  readonly #selfWatch: SelfWatch;
  readonly #startedUs = Date.now() * 1_000;
  #newestBootUs = 0;
  /** The largest since the last report. */
  #lagUs = 0;
  readonly #reports = new Reports();
  #plan: FilterPlan = emptyFilterPlan;
  #recorder = noRecording;
  /** Until then the names that an earlier collector watched are in force. */
  #hasSetNames = false;
  #stateVersion = 0;
  #eventMs = monotonicMs();
  #others: readonly Counter[] = [];
  #auditLog: AuditLogState | undefined;

  constructor(source: KernelSource, outlet: Outlet, options: PipelineOptions) {
    this.#source = source;
    this.#outlet = outlet;
    this.#gathering = new Gathering(outlet, this.#window);
    this.#options = options;
    this.#handover = this.#takeOver();
    this.#stream = new RecordStream(source, this.#handover?.epoch);
    if (this.#stream.accountLost) this.note("account_unreadable");
    // At once: whoever comes after a kill in the first moment goes on under the same epoch.
    this.#stream.save();
    this.#drain = new OrderedDrain(this.#stream, collectorLimits.drainBytesMax);
    const figures = this.#stream.account.figures;
    const copies = new ImageCopies(figures, hostRoot(options.bundleFolders?.root ?? ""));
    this.#table = new ProcessTable(figures, collectorLimits.processesMax, copies);
    this.#paths = new CgroupPaths(options.cgroupMount);
    this.#containers = new Containers(this.#paths, new HostNames(options.bundleFolders?.root), options.bundleFolders);
    this.#maker = new EventMaker(this.#table, this.#containers, this.#clock, () => this.#plan, figures);
    this.#blocker = blockerOf(source, options, {
      containers: () => this.#containers.all(),
      paths: this.#paths,
      note: (reason) => this.note(reason),
    });
    this.#recorded = new RecordedGroups({
      recorded: source.recorded,
      containers: () => this.#containers.all(),
      paths: this.#paths,
      cluster: options.cluster ?? "",
      note: (reason) => this.note(reason),
    });
    this.#containers.onNews = (container) => {
      for (const one of [this.#blocker, this.#recorded]) one.learned(container);
    };
    this.#sure = new SureGroups(source.owners, this.#clock.nowBootUs(), (reason) => this.note(reason));
    this.#sure.listenTo(this.#containers, this.#maker);
    this.#paths.scan();
    const running = source.snapshot();
    this.#table.seed(running);
    const containerOf = (task: Task) => this.#containers.of(task);
    this.#table.seedPlaces(running, containerOf);
    const healed = { table: this.#table, snapshot: () => source.snapshot(), containerOf, figures };
    this.#healer = new TableHealer(healed, this.#stream.counters());
    this.#selfWatch = new SelfWatch(() => source.lookAfter(), monotonicMs());
    this.#throttling = new Throttling(
      () => source.throttled(),
      (group) => this.#containers.nameOf(group),
    );
    const tasks = running.map(({ task }) => task);
    const isHosts = (task: Task) => containerOf(task) === this.#containers.host;
    this.#sure.ranBefore(tasks, (task) => isHosts(task) && this.#table.homeOf(task) !== null);
    // Read now, through processes that live: those of later events may be gone before their container's files are open.
    for (const { task } of running) {
      const container = this.#containers.of(task);
      this.#containers.userName(container, task);
      if (container.id !== null) outlet.ranBefore(container.id);
    }
  }

  /** Drains once; true when there was something, so that it is worth looking again soon. It `mayWait` for more to go with it. */
  tick(mayWait = false): boolean {
    if (this.#window.isFull) return false;
    if (this.#handover?.isReading) return this.#tickEarlier(this.#handover);
    const tally = new Tally();
    const twins = this.#handover?.twins;
    const foundSome = this.#handOn(this.#stream, this.#drain, tally, "undecodable", (record) => {
      if (twins?.meets(record)) tally.add(record.kind, "deduplicated");
      else tally.add(record.kind, this.#take(record, this.#stream, "own"));
    });
    this.#sure.caughtUp(foundSome ? this.#newestBootUs : undefined);
    if (!mayWait || this.#gathering.isDue) this.#gathering.handOver();
    return foundSome;
  }

  /** After a look that found something, until the next: what a new container is has to be looked at while it is there. */
  get busyMs(): number {
    const isUrgent = this.#drain.hasLeft || this.#paths.isYoung(performance.now());
    return isUrgent ? collectorLimits.drainSoonMs : collectorLimits.drainBusyMs;
  }

  /** Nothing is to be done until the kernel brings something. */
  get isResting(): boolean {
    return !this.#window.isGathering && !this.#window.isFull && this.#handover?.isReading !== true;
  }

  /** The publisher has so many parcels on disk, counted from the start. */
  acknowledged(parcels: number): void {
    this.#window.acknowledged(parcels);
    this.#endHandover();
  }

  /** Whether everything handed on has been acknowledged. */
  get settled(): boolean {
    return this.#window.isSettled;
  }

  /** What the publisher has of our rings from an earlier process: it is not handed on again. */
  resume({ streams }: Resume): void {
    for (const stream of [this.#stream, this.#handover?.stream]) {
      stream?.resume(this.#options.bootId, streams);
    }
  }

  /** When the kernel last brought something, by `monotonicMs`; now, while the publisher's silence keeps us from looking. */
  get eventMs(): number {
    return this.#window.isFull ? monotonicMs() : this.#eventMs;
  }

  applyFilters(asked: FilterPlan): void {
    const plan = withRecorder(asked, this.#recorder);
    // The socket keeps the order: what comes last is in force, also when a new hub counts from the start again.
    if (isDeepStrictEqual(plan, this.#plan)) return;
    this.#source.setFilterPlan(this.#options.heartbeat === undefined ? plan : withHeartbeat(plan));
    this.#plan = plan;
    this.#hasSetNames = true;
    this.#stream.account.filters = plan.version;
    this.#stream.save();
  }

  applyState(state: StateInForce): void {
    const { version, workspace, filters, drift, podLabels = {}, recorder = noRecording } = state;
    this.#recorder = recorder;
    this.applyFilters(filters);
    this.#blocker.setPolicy(drift, podLabels);
    this.#recorded.setPolicy(recorder, podLabels);
    // What happened before is the workspace's before.
    this.#gathering.handOver();
    this.#outlet.setWorkspace(workspace);
    this.#outlet.setRecorder(recorder, podLabels);
    this.#stateVersion = version;
  }

  /** True where it is to be called several times a second: for as long, what is to be blocked in containers is. */
  enforce(): boolean {
    for (const one of [this.#blocker, this.#recorded]) one.step(performance.now());
    return this.#blocker.state !== undefined || this.#recorded.size !== undefined;
  }

  /** Nothing is blocked any more. */
  letGo(): void {
    this.#blocker.end();
  }

  /** Counts something beside the account of records (ledger.ts: a `note` of the collector). */
  note(reason: CollectorReason): void {
    this.#stream.account.figures.add("sensor", reason);
  }

  /** Counters of what comes from no ring, as a whole: they go into the reports as they are. */
  tellAlso(counters: readonly Counter[]): void {
    this.#others = counters;
  }

  /** How the reading of an audit log is; never said where none is read. */
  tellAuditLog(state: AuditLogState): void {
    this.#auditLog = state;
  }

  get epoch(): string {
    return this.#stream.account.epoch;
  }

  /** Follows the clock and says how the sensor is; `isFinal` where its watch ends with that. False: nothing was worth saying. */
  report(isFinal = false): boolean {
    this.#clock.sync();
    this.#table.reap(this.#clock.nowBootUs());
    if (this.#window.isFull) {
      // No publisher for long: the rings fill, and are not to be given up as if nobody read them.
      this.#source.rings();
      return true;
    }
    this.#gathering.handOver();
    const nowMs = monotonicMs();
    this.#options.heartbeat?.lookIfDue(nowMs, () => sightsOf(this.#source.programs, this.#hasSetNames));
    if (!isFinal) this.#selfWatch.look(nowMs);
    const counters = this.#stream.counters();
    this.#healer.look(counters, nowMs);
    this.#throttling.look(counters, nowMs);
    this.#sure.look();
    const event = this.#reports.eventOf({ ...this.sensorReport(counters), ...(isFinal ? { final: true } : {}) }, nowMs);
    if (event === undefined) return false;
    // The figures beside the account are written with it: after a kill they do not go back behind what was said.
    this.#stream.save();
    this.#lagUs = 0;
    this.#outlet.add(event, "sensor", this.#reports.count, "sensor");
    const { parcels, bytes } = this.#outlet.flush(true);
    this.#window.add(parcels, bytes);
    return true;
  }

  /** `counted`: the kernel's counters, read since the rings were drained last. */
  sensorReport(counted = this.#stream.counters()): SensorReport {
    const { node, bootId, version, kernel } = this.#options;
    const cpu = process.cpuUsage();
    return {
      node,
      boot_id: bootId,
      version,
      kernel,
      started_us: this.#startedUs,
      lag_us: this.#lagUs,
      processes: this.#table.size,
      containers: this.#containers.size,
      memory_bytes: process.memoryUsage.rss(),
      cpu_us: cpu.user + cpu.system,
      filters_version: this.#stream.account.filters,
      epoch: this.#stream.account.epoch,
      streams: [...new Set([this.#source.ringId, this.#source.earlier?.ringId ?? this.#source.ringId])],
      adopted: this.#source.adopted,
      state_version: this.#stateVersion,
      gap_us: this.#source.gapUs,
      ...(this.#options.heartbeat === undefined ? {} : { heartbeat: this.#options.heartbeat.state() }),
      ...(this.#blocker.state === undefined ? {} : { blocking: this.#blocker.state }),
      ...(this.#recorded.size === undefined ? {} : { recorded_containers: this.#recorded.size }),
      ...(this.#auditLog === undefined ? {} : { audit_log: { state: this.#auditLog } }),
      throttled: this.#throttling.list(),
      tampered: this.#selfWatch.list(),
      programs: [...this.#source.programs],
      counters: [...nodeCounters(this.#source, counted, this.#stream, this.#window, this.#handover), ...this.#others],
    };
  }

  /** Programs of another version, found at work; those whose counters we have already are ended. */
  #takeOver(): Handover | undefined {
    const earlier = this.#source.earlier;
    if (earlier === undefined) return undefined;
    const own = new RecordStream(this.#source);
    if (own.account.hasFolded(earlier.ringId)) {
      earlier.end();
      return undefined;
    }
    // The new programs were attached by this process: nothing before its start can have been seen twice.
    return new Handover(earlier, this.#clock.nowBootUs() - process.uptime() * 1e6);
  }

  #tickEarlier(handover: Handover): boolean {
    const hasPlan = this.#stream.account.filters > 0;
    if (handover.detachWhen(hasPlan, () => this.#clock.nowBootUs())) this.report();
    const tally = new Tally();
    const foundSome = this.#handOn(handover.stream, handover.drain, tally, handover.unreadable, (record) => {
      handover.twins.remember(record);
      tally.add(record.kind, this.#take(record, handover.stream, "earlier"));
    });
    this.#gathering.handOver();
    handover.looked(foundSome);
    this.#endHandover();
    return foundSome || !handover.isReading || handover.isEmptying;
  }

  #endHandover(): void {
    const handover = this.#handover;
    if (handover === undefined || handover.hasEnded) return;
    if (!handover.endInto(this.#stream.account, this.#window.of(handover.stream))) return;
    this.#stream.save();
    handover.end();
    this.report();
  }

  /** What lies in a stream's rings, through `each` to the outlet; false where there was nothing. */
  #handOn(
    stream: RecordStream,
    drain: OrderedDrain,
    tally: Tally,
    unreadable: Outcome,
    each: (record: KernelRecord) => void,
  ): boolean {
    if (!drain.fill()) {
      this.#healer.caughtUp();
      return false;
    }
    this.#eventMs = monotonicMs();
    this.#containers.refresh();
    this.#newestBootUs = 0;
    const taken = drain.take(each);
    this.#blocker.hurry(performance.now());
    this.#recorded.step(performance.now());
    const nowUs = this.#clock.nowBootUs();
    if (this.#newestBootUs > 0) this.#lagUs = Math.max(this.#lagUs, nowUs - this.#newestBootUs);
    for (const kind of taken.undecodable) tally.add(kind, unreadable);
    this.#window.gather(stream, tally, taken.upTo);
    this.#table.reap(nowUs);
    return true;
  }

  #take(record: KernelRecord, stream: RecordStream, name: StreamName): Outcome {
    this.#healer.caughtUp(record.bootUs);
    if (this.#options.heartbeat?.meet(record) === true || isOwnDeed(record)) return "absorbed";
    if (record.kind === "cgroup_mkdir") {
      // Whoever is inside of a container may bear a runtime's name.
      const madeBy = this.#table.homeOf(record.task) === null ? record.task.comm : null;
      const known = { path: record.path, seenMs: performance.now(), madeBy, makerUid: record.task.uid };
      if (record.path !== "") this.#paths.add(record.version, record.cgroupId, known);
      return "absorbed";
    }
    if (record.kind === "exec") {
      this.#containers.heard(record, this.#table.homeOf(record.task));
      if (record.blocked !== undefined) this.note(record.blocked === "would_be" ? "exec_would_block" : "exec_blocked");
    }
    const event = this.#maker.make(record);
    if (event === undefined) return "absorbed";
    const isOnDisk = stream.isOnDisk(record, event.class);
    if (record.forRecorder) return isOnDisk || this.#outlet.record(event) ? "recorded" : "absorbed";
    if (isOnDisk) return "handed_on";
    if (!this.#outlet.add(event, record.ring, record.position, name)) return "unencodable";
    this.#newestBootUs = record.bootUs;
    this.#gathering.added();
    return "handed_on";
  }
}
