import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { release } from "node:os";
import type { MessagePort } from "node:worker_threads";
import { Fault } from "@atalaya/wire";
import type { KernelOptions, KernelSource } from "./kernel-source.ts";
import { collectorLimits } from "./limits.ts";
import { FrameOutlet, LineOutlet } from "./outlets.ts";
import { Pipeline } from "./pipeline.ts";
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
    const source = open({ objectFolder: options.objectFolder, ignorePids: options.ignorePids });
    new SensorLoop(source, options, port, post).start();
  } catch (error) {
    const code = error instanceof Fault ? error.code : "SENSOR_UNAVAILABLE";
    post({ type: "failed", code, message: error instanceof Error ? error.message : String(error) });
    port.close();
  }
}

class SensorLoop {
  readonly #source: KernelSource;
  readonly #pipeline: Pipeline;
  readonly #port: Port;
  readonly #post: (message: FromWorker) => void;
  #timer: NodeJS.Timeout | undefined;
  #reporter: NodeJS.Timeout | undefined;
  #pauseMs: number = collectorLimits.drainBusyMs;

  constructor(
    source: KernelSource,
    options: WorkerOptions,
    port: Port,
    post: (message: FromWorker, transfer?: ArrayBuffer[]) => void,
  ) {
    this.#source = source;
    this.#port = port;
    this.#post = post;
    const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim().replaceAll("-", "");
    const { node, cluster } = options;
    const origin = { bootId, layoutHash: streamId(source.layoutHash), node, cluster, workspace: "" };
    const outlet = options.lines === null ? new FrameOutlet(origin, post) : new LineOutlet(options.lines, post);
    this.#pipeline = new Pipeline(source, outlet, { node, bootId, version: collectorVersion, kernel: release() });
    this.#pipeline.applyFilters(options.plan);
  }

  start(): void {
    this.#port.on("message", (message: ToWorker) => this.#receive(message));
    this.#reporter = setInterval(() => this.#pipeline.report(), 1_000);
    const attached = this.#source.programs.filter((program) => program.attached).length;
    const detail = `${attached} of ${this.#source.programs.length} programs, kernel ${release()}`;
    this.#post({ type: "ready", detail });
    this.#pipeline.report();
    this.#tick();
  }

  #tick(): void {
    const busy = this.#pipeline.tick();
    const { drainBusyMs, drainIdleMs } = collectorLimits;
    this.#pauseMs = busy ? drainBusyMs : Math.min(this.#pauseMs + drainBusyMs, drainIdleMs);
    this.#timer = setTimeout(() => this.#tick(), this.#pauseMs);
  }

  #receive(message: ToWorker): void {
    if (message.type === "acknowledged") this.#pipeline.acknowledged(message.parcels);
    else if (message.type === "filters") this.#pipeline.applyFilters(message.plan);
    else if (message.type === "drain") this.#drainAndPause();
    else this.#close();
  }

  /** The last look at the rings, and the last report: then nothing new is read. */
  #drainAndPause(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#reporter);
    while (this.#pipeline.tick()) {
      // A ring may hold more than one drain takes.
    }
    this.#pipeline.report();
    this.#post({ type: "stopped" });
  }

  #close(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#reporter);
    this.#source.close();
    this.#port.close();
  }
}

/** Positions start again with every new pair of rings: the layout alone would make a later run look like a repeat. */
function streamId(layoutHash: string): string {
  return createHash("sha256").update(layoutHash).update(randomBytes(16)).digest("hex").slice(0, 16);
}
