import { isDeepStrictEqual } from "node:util";
import {
  type AtalayaEvent,
  blankEvent,
  emptyFilterPlan,
  type FilterPlan,
  type SensorEvent,
  type SensorReport,
} from "@atalaya/wire";
import { BootClock } from "./boot-clock.ts";
import type { BundleFolders } from "./bundle.ts";
import { CgroupPaths } from "./cgroup-paths.ts";
import { Containers } from "./containers.ts";
import { Counters } from "./counters.ts";
import { EventMaker } from "./event-maker.ts";
import type { RingName } from "./frame-builder.ts";
import type { KernelRecord } from "./kernel-record.ts";
import type { KernelSource } from "./kernel-source.ts";
import { collectorLimits } from "./limits.ts";
import { mergeByTime } from "./merge-by-time.ts";
import { ProcessTable } from "./process-table.ts";
import { HostNames } from "./user-names.ts";

/** Where events go: into frames for the publisher, or into lines for a terminal. */
export type Outlet = {
  add(event: AtalayaEvent, ring: RingName, position: number): boolean;
  /** Hands on what was added; gives how many parcels and bytes went, to be acknowledged later in this order. */
  flush(): { parcels: number; bytes: number };
};

export type PipelineOptions = {
  node: string;
  bootId: string;
  version: string;
  kernel: string;
  cgroupMount?: string;
  bundleFolders?: BundleFolders;
};

type Waiting = { lastParcel: number; bytes: number; release: { ring: "lifecycle" | "bulk"; next: number }[] };

const rings = ["bulk", "lifecycle"] as const;

/**
 * From the kernel's rings to the outlet. A ring's space is given back only when all that was made of it has been
 * acknowledged; when too much waits for that, draining stops, the ring fills, and the kernel counts what it drops.
 */
export class Pipeline {
  readonly #source: KernelSource;
  readonly #outlet: Outlet;
  readonly #options: PipelineOptions;
  readonly #clock = new BootClock();
  readonly #counters = new Counters();
  readonly #paths: CgroupPaths;
  readonly #containers: Containers;
  readonly #table = new ProcessTable(this.#counters);
  readonly #maker: EventMaker;
  readonly #waiting: Waiting[] = [];
  readonly #startedUs = Date.now() * 1_000;
  #parcelsSent = 0;
  #parcelsAcknowledged = 0;
  #waitingBytes = 0;
  #newestUs = 0;
  #reports = 0;
  #plan: FilterPlan = emptyFilterPlan;

  constructor(source: KernelSource, outlet: Outlet, options: PipelineOptions) {
    this.#source = source;
    this.#outlet = outlet;
    this.#options = options;
    this.#paths = new CgroupPaths(options.cgroupMount);
    this.#containers = new Containers(this.#paths, new HostNames(), options.bundleFolders);
    this.#maker = new EventMaker(this.#table, this.#containers, this.#clock);
    this.#paths.scan();
    const running = source.snapshot();
    this.#table.seed(running);
    // Read now, through processes that live: those of later events may be gone before their container's files are open.
    for (const { task } of running) this.#containers.userName(this.#containers.of(task), task);
  }

  /** Drains once; true when there was something, so that it is worth looking again soon. */
  tick(): boolean {
    if (this.#isFull()) return false;
    // Bulk before life-cycle: whatever a drained file event depends on is then already in the other ring.
    const drained = rings.map((ring) => ({ ring, ...this.#source.drain(ring, collectorLimits.drainBytesMax) }));
    const [bulk, lifecycle] = drained;
    if (bulk === undefined || lifecycle === undefined) return false;
    for (const { ring, undecodable } of drained) this.#counters.add(ring, "undecodable", undecodable);
    const records = bulk.records.length + lifecycle.records.length;
    if (records === 0 && bulk.undecodable + lifecycle.undecodable === 0) return false;
    this.#newestUs = 0;
    this.#containers.refresh();
    for (const record of mergeByTime(lifecycle.records, bulk.records)) this.#take(record);
    this.#handOn(drained.map(({ ring, next }) => ({ ring, next })));
    this.#table.reap(this.#clock.nowBootUs());
    return true;
  }

  /** The publisher has so many parcels on disk, counted from the start. */
  acknowledged(parcels: number): void {
    this.#parcelsAcknowledged = Math.max(this.#parcelsAcknowledged, parcels);
    while (this.#waiting[0] !== undefined && this.#waiting[0].lastParcel <= this.#parcelsAcknowledged) {
      const done = this.#waiting.shift() as Waiting;
      this.#waitingBytes -= done.bytes;
      for (const { ring, next } of done.release) this.#source.release(ring, next);
    }
  }

  /** Whether everything handed on has been acknowledged. */
  get settled(): boolean {
    return this.#parcelsAcknowledged >= this.#parcelsSent;
  }

  applyFilters(plan: FilterPlan): void {
    // The socket keeps the order: what comes last is in force, also when a new hub counts from the start again.
    if (isDeepStrictEqual(plan, this.#plan)) return;
    this.#source.setFilterPlan(plan);
    this.#plan = plan;
  }

  /** Once a second: follows the clock and says how the sensor is. */
  report(): void {
    this.#clock.sync();
    this.#table.reap(this.#clock.nowBootUs());
    if (this.#isFull()) return;
    const report = JSON.stringify(this.sensorReport());
    const event: SensorEvent = { ...blankEvent("sensor"), activity: "report", time_us: Date.now() * 1_000, report };
    this.#reports += 1;
    this.#outlet.add(event, "sensor", this.#reports);
    this.#handOn([]);
  }

  sensorReport(): SensorReport {
    const { node, bootId, version, kernel } = this.#options;
    const cpu = process.cpuUsage();
    return {
      node,
      boot_id: bootId,
      version,
      kernel,
      started_us: this.#startedUs,
      lag_us: this.#newestUs,
      processes: this.#table.size,
      containers: this.#containers.size,
      memory_bytes: process.memoryUsage.rss(),
      cpu_us: cpu.user + cpu.system,
      filters_version: this.#plan.version,
      programs: [...this.#source.programs],
      counters: [...this.#source.counters(), ...this.#counters.list()],
    };
  }

  #take(record: KernelRecord): void {
    if (record.kind === "cgroup_mkdir") {
      const known = { path: record.path, seenMs: performance.now(), madeBy: record.task.comm };
      if (record.path !== "") this.#paths.add(record.version, record.cgroupId, known);
      return;
    }
    if (record.kind === "exec") this.#containers.heard(record);
    const event = this.#maker.make(record);
    if (event === undefined) return;
    if (this.#outlet.add(event, record.ring, record.position)) this.#counters.add(event.class, "handed_on");
    else this.#counters.add(event.class, "unencodable");
    this.#newestUs = Math.max(0, this.#clock.nowBootUs() - record.bootUs);
  }

  #handOn(release: Waiting["release"]): void {
    const { parcels, bytes } = this.#outlet.flush();
    this.#parcelsSent += parcels;
    this.#waitingBytes += bytes;
    this.#waiting.push({ lastParcel: this.#parcelsSent, bytes, release });
    this.acknowledged(0);
  }

  #isFull(): boolean {
    const parcels = this.#parcelsSent - this.#parcelsAcknowledged;
    return parcels >= collectorLimits.windowFramesMax || this.#waitingBytes >= collectorLimits.windowBytesMax;
  }
}
