import { Worker } from "node:worker_threads";
import type { AuditLogState } from "@atalaya/wire";
import type { Counter } from "../kernel-record.ts";
import { collectorLimits } from "../limits.ts";
import type { AuditThreadOptions, FromAuditThread, ToAuditThread } from "./audit-log-messages.ts";
import { AuditLogWatch } from "./audit-log-watch.ts";

type Listener = {
  counters(counters: Counter[]): void;
  /** How the reading is, whenever that changes. */
  state(state: AuditLogState): void;
  /** The thread ended by itself. */
  failed(): void;
  log(line: string): void;
};

/** The thread that reads the audit log, seen from the main thread: it is started again when it fails, the sensor goes on. */
export class AuditLogPart {
  readonly #options: AuditThreadOptions;
  readonly #listener: Listener;
  readonly #watch: AuditLogWatch;
  readonly #looks: NodeJS.Timeout;
  #worker: Worker;
  #restart: NodeJS.Timeout | undefined;
  #isRunning = false;
  #stopping = false;
  #stopped: (() => void) | undefined;

  constructor(options: AuditThreadOptions, listener: Listener) {
    this.#options = options;
    this.#listener = listener;
    this.#watch = new AuditLogWatch((state) => listener.state(state));
    this.#looks = setInterval(() => this.#watch.look(), 1_000).unref();
    this.#worker = this.#start();
  }

  /** Reads no more; resolves when what was read is on the publisher's disk and the place is kept, or after a moment. */
  stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    clearInterval(this.#looks);
    if (!this.#isRunning) return Promise.resolve();
    const stopped = new Promise<void>((resolve) => {
      this.#stopped = resolve;
    });
    const stop: ToAuditThread = { type: "stop" };
    this.#worker.postMessage(stop);
    return stopped;
  }

  #start(): Worker {
    const worker = new Worker(threadFile(), {
      workerData: this.#options,
      resourceLimits: { maxOldGenerationSizeMb: collectorLimits.auditHeapMebibytesMax },
    });
    this.#isRunning = true;
    worker.on("message", (message: FromAuditThread) => {
      if (message.type === "counters") {
        this.#listener.counters(message.counters);
        this.#watch.said(message.state);
      } else if (message.type === "log") this.#listener.log(message.line);
      else this.#stopped?.();
    });
    worker.on("error", (error) => {
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#listener.log(`the audit log's thread failed, and is started again: ${what}`);
    });
    worker.on("exit", () => this.#ended());
    return worker;
  }

  #ended(): void {
    this.#isRunning = false;
    this.#stopped?.();
    if (this.#stopping) return;
    this.#listener.failed();
    this.#watch.failed();
    this.#restart = setTimeout(() => {
      this.#worker = this.#start();
    }, collectorLimits.auditRestartMs);
  }
}

function threadFile(): URL {
  return import.meta.url.endsWith(".ts")
    ? new URL("./audit-log-thread.ts", import.meta.url)
    : new URL("./audit-log-thread.js", import.meta.url);
}
