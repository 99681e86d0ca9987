import { randomBytes } from "node:crypto";
import { release } from "node:os";
import { join } from "node:path";
import type { MessagePort } from "node:worker_threads";
import { Fault, type FilterPlan, type Resume } from "@atalaya/wire";
import { keptCounters } from "./audit-log/kept-account.ts";
import { bootIdOfMachine } from "./boot-id.ts";
import { hostBundleFolders } from "./bundle.ts";
import type { FrameOrigin } from "./frame-builder.ts";
import { HealthFile, monotonicMs } from "./health-file.ts";
import { heartbeatBy } from "./heartbeat.ts";
import type { KernelOptions, KernelSource } from "./kernel-source.ts";
import { collectorLimits } from "./limits.ts";
import { FrameOutlet, LineOutlet } from "./outlets.ts";
import { Pipeline } from "./pipeline.ts";
import { withRecorder } from "./recorded-groups.ts";
import type { StateInForce } from "./state-in-force.ts";
import { collectorVersion } from "./version.ts";
import type { FromWorker, ToWorker, WorkerOptions } from "./worker-messages.ts";

type Port = Pick<MessagePort, "postMessage" | "on" | "close">;

/**
 * Runs the sensor behind a port until it is told to close: this thread alone touches the kernel side.
 * What cannot start is said in a `failed` message.
 */
export function runSensor(open: (options: KernelOptions) => KernelSource, options: WorkerOptions, port: Port): void {
  const post = (message: FromWorker, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  try {
    const { objectFolder, ignorePids, pinFolder, hooksFunctions } = options;
    const plan = firstPlan(options);
    const source = open({
      objectFolder,
      ignorePids,
      plan,
      hooksFunctions,
      ...(pinFolder === null ? {} : { pinFolder }),
    });
    new SensorLoop(source, options, port, post).start();
  } catch (error) {
    const code = error instanceof Fault ? error.code : "SENSOR_UNAVAILABLE";
    post({ type: "failed", code, message: error instanceof Error ? error.message : String(error) });
    port.close();
  }
}

/** Lines have no hub that could send another plan. */
function firstPlan({ state, lines, plan }: WorkerOptions): FilterPlan | "unknown" {
  if (state !== null) return withRecorder(state.filters, state.recorder);
  return lines === null ? "unknown" : plan;
}

type NextPlan = Extract<ToWorker, { type: "filters" | "state" }>;

/** With what a recorder's policy asks for beside it. */
function planOf(next: NextPlan): FilterPlan {
  return next.type === "state" ? withRecorder(next.state.filters, next.state.recorder) : next.plan;
}

class SensorLoop {
  readonly #source: KernelSource;
  readonly #pipeline: Pipeline;
  readonly #port: Port;
  readonly #post: (message: FromWorker) => void;
  #timer: NodeJS.Timeout | undefined;
  #reporter: NodeJS.Timeout | undefined;
  #reportsMs = 0;
  #enforcer: NodeJS.Timeout | undefined;
  #pauseMs: number = collectorLimits.drainBusyMs;
  readonly #health: HealthFile;
  #takenMs = 0;
  readonly #continues: boolean;
  #resumed = false;
  #stopping = false;
  #hasClosed = false;
  readonly #toApply: NextPlan[] = [];
  /** A step is on its way. */
  #steps = false;

  constructor(
    source: KernelSource,
    options: WorkerOptions,
    port: Port,
    post: (message: FromWorker, transfer?: ArrayBuffer[]) => void,
  ) {
    this.#source = source;
    this.#port = port;
    this.#post = post;
    this.#health = new HealthFile(options.healthFile);
    const bootId = bootIdOfMachine();
    const { node, cluster } = options;
    source.nameOwnTask("collector", process.pid);
    const origin = { bootId, streams: streamsOf(source), node, cluster, workspace: "" };
    const outlet = options.lines === null ? new FrameOutlet(origin, post) : new LineOutlet(options.lines, post);
    // Lines have no publisher that could have them already.
    const isReadOn = source.readAccount() !== undefined || source.earlier !== undefined;
    this.#continues = options.lines === null && isReadOn;
    const { containerdTasks } = hostBundleFolders;
    const bundleFolders = {
      ...hostBundleFolders,
      root: options.hostRoot,
      containerdTasks: [...containerdTasks, ...options.containerdTasks],
    };
    const log = (line: string) => post({ type: "said", line });
    const self = {
      node,
      cluster,
      permitFile: options.permitFile,
      log,
      bootId,
      version: collectorVersion,
      kernel: release(),
    };
    const failed = () => this.#pipeline.note("heartbeat_failed");
    // Of lines nobody makes an alert.
    const heartbeat =
      options.lines === null ? { heartbeat: heartbeatBy(join(options.objectFolder, "healthy"), failed) } : {};
    this.#pipeline = new Pipeline(source, outlet, { ...self, bundleFolders, ...heartbeat });
    this.#pipeline.applyFilters(options.plan);
    for (const reason of options.notes) this.#pipeline.note(reason);
    // Before the first report: the hub sees no count go back.
    if (options.auditStateFolder !== null) {
      this.#pipeline.tellAlso(keptCounters(options.auditStateFolder, this.#pipeline.epoch));
      this.#pipeline.tellAuditLog("starting");
    }
    if (options.state !== null) this.#applyState(options.state);
  }

  start(): void {
    this.#port.on("message", (message: ToWorker) => this.#receive(message));
    this.#reportIn(collectorLimits.reportMs);
    this.#enforce();
    const asked = this.#source.programs.filter((program) => program.unasked !== true);
    const attached = asked.filter((program) => program.attached).length;
    const detail = `${attached} of ${asked.length} programs, kernel ${release()}${this.#whereCallsAreSeen()}${this.#whatWasBefore()}`;
    this.#post({ type: "ready", detail, continues: this.#continues, epoch: this.#pipeline.epoch });
    this.#pipeline.report();
    this.#step();
    if (this.#continues) this.#timer = setTimeout(() => this.#tick(), collectorLimits.resumePatienceMs);
    else this.#tick();
  }

  #reportIn(ms: number): void {
    clearTimeout(this.#reporter);
    this.#reportsMs = ms;
    this.#reporter = setTimeout(() => this.#report(), ms);
  }

  /** Something happened: it is told within a second, also where nothing had for long. */
  #reportSoon(): void {
    const { reportMs } = collectorLimits;
    if (this.#reporter !== undefined && this.#reportsMs > reportMs) this.#reportIn(reportMs);
  }

  #report(): void {
    const { reportMs, reportAtRestMs } = collectorLimits;
    this.#reportIn(this.#pipeline.report() ? reportMs : reportAtRestMs);
    const { eventMs } = this.#pipeline;
    this.#health.write({ aliveMs: monotonicMs(), eventMs, takenMs: this.#takenMs });
    if (this.#enforcer === undefined) this.#enforce();
  }

  #whereCallsAreSeen(): string {
    const { callsSeen } = this.#source;
    return callsSeen === undefined ? "" : `, ${callsSeen}`;
  }

  #whatWasBefore(): string {
    if (this.#source.adopted) return "; goes on with the watch of an earlier collector";
    const seconds = this.#source.gapUs / 1e6;
    return seconds > 0 ? `; nothing watched for ${seconds.toFixed(1)} s before` : "";
  }

  #tick(): void {
    clearTimeout(this.#timer);
    if (this.#stopping) return;
    const busy = this.#pipeline.tick(true);
    if (busy) this.#reportSoon();
    const { drainSoonMs, drainIdleMs, drainRestMs } = collectorLimits;
    this.#pauseMs = busy ? this.#pipeline.busyMs : Math.min(this.#pauseMs + drainSoonMs, drainIdleMs);
    if (busy || !this.#pipeline.isResting) this.#timer = setTimeout(() => this.#tick(), this.#pauseMs);
    else this.#source.whenFilled(this.#pipeline.busyMs, drainRestMs, () => this.#tick());
  }

  /** Where nothing is to be blocked or recorded, the next time is that of the next report: no timer wakes us for it. */
  #enforce(): void {
    clearTimeout(this.#enforcer);
    const isAtWork = this.#pipeline.enforce();
    this.#enforcer = isAtWork ? setTimeout(() => this.#enforce(), collectorLimits.blockingStepMs) : undefined;
  }

  /** What comes next is put in force after it, and answered by itself. */
  #applyLater(next: NextPlan): void {
    this.#toApply.push(next);
    if (!this.#steps) this.#step();
  }

  /** A step of what a new plan takes, which are seconds in all: in between the rings are read and messages are heard. */
  #step(): void {
    const [next] = this.#toApply;
    if (this.#stopping) return;
    if (next === undefined) this.#steps = !this.#source.takeOff();
    else {
      this.#steps = true;
      if (this.#source.prepare(planOf(next))) {
        this.#toApply.shift();
        if (next.type === "state") this.#applyState(next.state);
        else this.#pipeline.applyFilters(next.plan);
        this.#reportSoon();
      }
    }
    if (this.#steps) setImmediate(() => this.#step());
  }

  #receive(message: ToWorker): void {
    // What was on its way with the word to close still comes, and there is nothing left to write it to.
    if (this.#hasClosed) return;
    if (message.type !== "acknowledged" && !this.#stopping) this.#reportSoon();
    if (message.type === "acknowledged") this.#acknowledged(message.parcels);
    else if (message.type === "filters" || message.type === "state") this.#applyLater(message);
    else if (message.type === "resume") this.#resume(message.resume);
    else if (message.type === "publisher") this.#source.nameOwnTask("publisher", message.pid);
    else if (message.type === "note") this.#pipeline.note(message.reason);
    else if (message.type === "counters") this.#pipeline.tellAlso(message.counters);
    else if (message.type === "audit_log") this.#pipeline.tellAuditLog(message.state);
    else if (message.type === "drain") this.#drainAndPause();
    else if (message.type === "report") this.#lastReport(message.final);
    else this.#close(message.unpin);
  }

  #acknowledged(parcels: number): void {
    this.#takenMs = monotonicMs();
    this.#pipeline.acknowledged(parcels);
  }

  /** The publisher says what it has: before the first drain, so that nothing of it is handed on again. */
  #resume(resume: Resume): void {
    if (!this.#continues || this.#resumed || this.#stopping) return;
    this.#resumed = true;
    this.#pipeline.resume(resume);
    clearTimeout(this.#timer);
    this.#tick();
  }

  #applyState(state: StateInForce): void {
    const { version } = state;
    try {
      this.#pipeline.applyState(state);
      if (this.#reporter !== undefined) this.#enforce();
      this.#post({ type: "applied", version });
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      this.#post({ type: "applied", version, problem });
    }
  }

  /** The last look at the rings: then nothing new is read. */
  #drainAndPause(): void {
    this.#stopping = true;
    this.#letGo();
    clearTimeout(this.#timer);
    clearTimeout(this.#reporter);
    while (this.#pipeline.tick()) {
      // A ring may hold more than one drain takes.
    }
    this.#post({ type: "stopped" });
  }

  /** With nothing of ours on its way: what it says stays true until the next collector, or for good. */
  #lastReport(isFinal: boolean): void {
    this.#pipeline.report(isFinal);
    this.#post({ type: "stopped" });
  }

  /** Nobody would be there to say what was blocked, or to be told not to. */
  #letGo(): void {
    clearTimeout(this.#enforcer);
    this.#pipeline.letGo();
  }

  #close(unpin: boolean): void {
    this.#stopping = true;
    this.#hasClosed = true;
    this.#letGo();
    clearTimeout(this.#timer);
    clearTimeout(this.#reporter);
    if (unpin) this.#source.unpin();
    this.#source.close();
    this.#port.close();
  }
}

/** What names the rings in frames: the same as long as the rings are. The reports' numbers start again with each run. */
function streamsOf(source: KernelSource): FrameOrigin["streams"] {
  const earlier = source.earlier?.ringId ?? source.ringId;
  return { own: source.ringId, earlier, sensor: randomBytes(8).toString("hex") };
}
