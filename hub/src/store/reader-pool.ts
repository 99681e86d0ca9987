import { Worker } from "node:worker_threads";
import { Fault } from "@atalaya/wire";
import { storeLimits } from "../core/limits.ts";
import { unpackFault } from "../core/thread-fault.ts";
import { threadFile } from "../core/thread-file.ts";
import type { QueryArgument, QueryResult, ReaderQuery } from "./reader-queries.ts";
import type { FromReader, ToReader } from "./reader-thread.ts";

type Call = { message: ToReader; resolve(value: unknown): void; reject(error: unknown): void };
type Reader = { worker: Worker; call: Call | undefined; deadline: NodeJS.Timeout | undefined; ready: boolean };

export type ReaderPoolOptions = { folder: string; broken(error: unknown): void; thread?: URL; deadlineMs?: number };

/**
 * Asks reader threads; one that passes a query's deadline is ended and replaced, and so is one that dies of a query. One
 * that dies before it has loaded would only die again: that is told as `broken`.
 */
export class ReaderPool {
  readonly #options: ReaderPoolOptions;
  readonly #deadlineMs: number;
  readonly #readers: Reader[] = [];
  readonly #queue: Call[] = [];
  #calls = 0;
  #closed = false;
  replaced = 0;
  /** Queries that failed by a fault of the hub's own, or ended their thread. */
  failed = 0;

  constructor(options: ReaderPoolOptions) {
    this.#options = options;
    this.#deadlineMs = options.deadlineMs ?? storeLimits.queryDeadlineMs;
    for (let i = 0; i < storeLimits.readers; i++) this.#readers.push(this.#start());
  }

  /** Throws Fault BUSY when too many wait, STORE_UNREACHABLE past the deadline. */
  ask<Q extends ReaderQuery>(name: Q, argument: QueryArgument<Q>): Promise<QueryResult<Q>> {
    if (this.#closed) return Promise.reject(new Fault("STORE_UNREACHABLE", "The hub is stopping."));
    if (this.#queue.length >= storeLimits.queriesQueuedMax) {
      return Promise.reject(new Fault("BUSY", "Too many queries wait for the database.", { retry_after_s: 1 }));
    }
    return new Promise((resolve, reject) => {
      const message = { call: ++this.#calls, name, argument };
      this.#queue.push({ message, resolve: (value) => resolve(value as QueryResult<Q>), reject });
      this.#next();
    });
  }

  #next(): void {
    for (const reader of this.#readers) {
      // Asked before it has loaded, it would not be known which of the two it died of.
      if (!reader.ready || reader.call !== undefined) continue;
      const call = this.#queue.shift();
      if (call === undefined) return;
      reader.call = call;
      reader.deadline = setTimeout(() => this.#tookTooLong(reader), this.#deadlineMs);
      reader.worker.postMessage(call.message);
    }
  }

  #start(): Reader {
    const thread = this.#options.thread ?? threadFile("reader-thread", import.meta.url);
    const worker = new Worker(thread, { workerData: { folder: this.#options.folder } });
    const reader: Reader = { worker, call: undefined, deadline: undefined, ready: false };
    worker.on("message", (reply: FromReader) => this.#answered(reader, reply));
    worker.on("error", (error) => this.#died(reader, error));
    return reader;
  }

  #answered(reader: Reader, reply: FromReader): void {
    if ("ready" in reply) {
      reader.ready = true;
      this.#next();
      return;
    }
    const { call } = reader;
    if (call === undefined || call.message.call !== reply.call) return;
    clearTimeout(reader.deadline);
    reader.call = undefined;
    if ("fault" in reply) {
      if (reply.fault.code === "QUERY_FAILED") this.failed += 1;
      call.reject(unpackFault(reply.fault));
    } else call.resolve(reply.value);
    this.#next();
  }

  #tookTooLong(reader: Reader): void {
    const seconds = this.#deadlineMs / 1_000;
    const message = `The query took longer than ${seconds} s and was given up: narrow it by time, rule or container.`;
    this.#replace(reader, (query) => new Fault("STORE_UNREACHABLE", message, { query }));
  }

  #died(reader: Reader, error: unknown): void {
    if (!reader.ready) {
      this.#options.broken(error);
      return;
    }
    this.failed += 1;
    const message = "The query ended the thread that read for it; another has taken its place.";
    this.#replace(reader, (query) => new Fault("QUERY_FAILED", message, { query }, error));
  }

  #replace(reader: Reader, why: (query: ReaderQuery) => Fault): void {
    this.replaced += 1;
    const { call } = reader;
    clearTimeout(reader.deadline);
    const at = this.#readers.indexOf(reader);
    this.#readers[at] = this.#start();
    reader.worker.removeAllListeners();
    reader.worker.terminate().catch(() => undefined);
    call?.reject(why(call.message.name));
    this.#next();
  }

  async close(): Promise<void> {
    this.#closed = true;
    const stopping = new Fault("STORE_UNREACHABLE", "The hub is stopping.");
    for (const call of this.#queue.splice(0)) call.reject(stopping);
    for (const reader of this.#readers) {
      clearTimeout(reader.deadline);
      reader.call?.reject(stopping);
    }
    await Promise.all(this.#readers.map((reader) => reader.worker.terminate()));
  }
}
