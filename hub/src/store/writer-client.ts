import { type MessagePort, Worker } from "node:worker_threads";
import { Fault } from "@atalaya/wire";
import { unpackFault } from "../core/thread-fault.ts";
import { threadFile } from "../core/thread-file.ts";
import type { StateWrite, WriteArgument, WriteResult } from "./state-writes.ts";
import type { FromWriter, StoredState, ToWriter, WriterData } from "./writer-messages.ts";

type Call = { resolve(value: unknown): void; reject(error: unknown): void };
export type WriterEvents = {
  committed(message: Extract<FromWriter, { type: "committed" }>): void;
  failed(requests: readonly number[], fault: Fault): void;
  /** The thread ended by an error of ours. */
  broken(error: unknown): void;
};

/** The API thread's end of the writer thread. */
export class WriterClient {
  readonly #worker: Worker;
  readonly #events: WriterEvents;
  readonly #calls = new Map<number, Call>();
  #call = 0;
  #closed: (() => void) | undefined;

  private constructor(worker: Worker, events: WriterEvents) {
    this.#worker = worker;
    this.#events = events;
  }

  /** Throws the Fault that the writer met when it opened the database. */
  static open(workerData: WriterData, events: WriterEvents): Promise<{ writer: WriterClient; state: StoredState }> {
    const worker = new Worker(threadFile("writer-thread", import.meta.url), { workerData });
    const writer = new WriterClient(worker, events);
    return new Promise((resolve, reject) => {
      worker.on("error", (error) => {
        reject(error);
        events.broken(error);
      });
      worker.on("message", (message: FromWriter) => {
        if (message.type === "ready") resolve({ writer, state: message.state });
        else if (message.type === "broken") reject(unpackFault(message.fault));
        else writer.#received(message);
      });
    });
  }

  addEvaluator(evaluator: number, port: MessagePort): void {
    const message: ToWriter = { type: "evaluator", evaluator, port };
    this.#worker.postMessage(message, [port]);
  }

  /** Resolves when the change is on disk. Throws Fault STORE_UNREACHABLE when it could not be written. */
  write<W extends StateWrite>(name: W, argument: WriteArgument<W>): Promise<WriteResult<W>> {
    if (this.#closed !== undefined) return Promise.reject(new Fault("STORE_UNREACHABLE", "The hub is stopping."));
    return new Promise((resolve, reject) => {
      const call = ++this.#call;
      this.#calls.set(call, { resolve: (value) => resolve(value as WriteResult<W>), reject });
      const message: ToWriter = { type: "write", call, name, argument };
      this.#worker.postMessage(message);
    });
  }

  #received(message: FromWriter): void {
    if (message.type === "committed") {
      this.#events.committed(message);
      for (const { call, value } of message.results) this.#take(call)?.resolve(value);
    } else if (message.type === "failed") {
      const fault = unpackFault(message.fault);
      this.#events.failed(message.requests, fault);
      for (const call of message.calls) this.#take(call)?.reject(fault);
    } else if (message.type === "closed") this.#closed?.();
  }

  #take(call: number): Call | undefined {
    const found = this.#calls.get(call);
    this.#calls.delete(call);
    return found;
  }

  /** Resolves when all that was sent is on disk and the files are closed. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#closed = resolve;
      const message: ToWriter = { type: "close" };
      this.#worker.postMessage(message);
    });
  }
}
