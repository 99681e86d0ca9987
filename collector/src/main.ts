import { Worker } from "node:worker_threads";
import { Fault, type PartMessage } from "@atalaya/wire";
import { type CollectorArguments, help, readCollectorArguments } from "./arguments.ts";
import { collectorLimits } from "./limits.ts";
import { PublisherLink } from "./publisher-link.ts";
import type { FromWorker, ToWorker } from "./worker-messages.ts";

/** The main thread: starts the sensor's thread and carries its frames to the publisher, or its lines to the terminal. */
class Collector {
  readonly #worker: Worker;
  readonly #link: PublisherLink | undefined;
  #linesWritten = 0;
  #stopping = false;
  #drained = false;

  constructor(given: CollectorArguments) {
    this.#worker = new Worker(workerFile(), { workerData: given.worker });
    this.#link =
      given.socket === undefined
        ? undefined
        : new PublisherLink(given.socket, {
            acknowledged: (parcels) => this.#acknowledged(parcels),
            filters: (plan) => this.#tell({ type: "filters", plan }),
            log,
          });
    this.#worker.on("message", (message: FromWorker) => this.#receive(message));
    this.#worker.on("error", (error) => this.#crashed(error));
    this.#worker.on("exit", () => this.#ended());
  }

  /** Hands on what is left and ends, within two seconds. */
  stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#tell({ type: "drain" });
    setTimeout(() => {
      if (this.#link !== undefined && this.#link.waiting > 0)
        log(`${this.#link.waiting} frames were not acknowledged in time; the publisher does not answer`);
      process.exit(0);
    }, collectorLimits.stopPatienceMs).unref();
  }

  #receive(message: FromWorker): void {
    if (message.type === "frames") for (const frame of message.frames) this.#link?.send(frame);
    else if (message.type === "lines") this.#print(message.text);
    else if (message.type === "stopped") this.#afterDrain();
    else if (message.type === "ready") this.#ready(message.detail);
    else {
      fail(message.code, message.message);
      this.#end();
    }
  }

  #ready(detail: string): void {
    if (this.#link === undefined) log(detail);
    tellStarter({ type: "ready", part: "collector", detail });
  }

  #print(text: string): void {
    process.stdout.write(text, (error) => {
      if (error) return;
      this.#linesWritten += 1;
      this.#acknowledged(this.#linesWritten);
    });
  }

  #acknowledged(parcels: number): void {
    this.#tell({ type: "acknowledged", parcels });
    if (this.#drained) this.#afterDrain();
  }

  #afterDrain(): void {
    this.#drained = true;
    if (this.#link === undefined || this.#link.waiting === 0) this.#tell({ type: "close" });
  }

  #tell(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #crashed(error: unknown): void {
    process.exitCode = 1;
    log(`the sensor's thread failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    this.#end();
  }

  /** The thread has ended: on our word, or after it said why. */
  #ended(): void {
    this.#end();
  }

  #end(): void {
    this.#link?.close();
    if (process.connected) process.disconnect();
    void this.#worker.terminate().then(() => process.exit());
  }
}

function workerFile(): URL {
  // In a package the files are JavaScript, in development TypeScript.
  return new URL(import.meta.url.endsWith(".ts") ? "./worker-thread.ts" : "./worker-thread.js", import.meta.url);
}

function tellStarter(message: PartMessage): void {
  process.send?.(message);
}

function fail(code: string, message: string): void {
  process.exitCode = code === "USAGE" ? 2 : 1;
  if (process.send === undefined) log(message);
  tellStarter({ type: "failed", part: "collector", code, message });
}

function log(line: string): void {
  process.stderr.write(`collector: ${line}\n`);
}

function main(): void {
  const given = readCollectorArguments(process.argv.slice(2));
  if (given.help) {
    process.stdout.write(`${help}\n`);
    return;
  }
  // Whoever reads our lines may stop at any time: that is the end, not an error.
  process.stdout.on("error", () => process.exit(0));
  const collector = new Collector(given);
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => collector.stop());
  process.on("disconnect", () => collector.stop());
}

try {
  main();
} catch (error) {
  if (!(error instanceof Fault)) throw error;
  fail(error.code, error.message);
  if (process.connected) process.disconnect();
}
