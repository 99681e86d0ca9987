import { Worker } from "node:worker_threads";
import { type AuditEvents, auditEventsFromBody } from "@atalaya/audit";
import { Fault, type Result } from "@atalaya/wire";
import { threadFile } from "../core/thread-file.ts";
import { serverLimits } from "../server/limits.ts";
import type { FromAuditReader, ToAuditReader } from "./audit-reader-thread.ts";

type Waiting = { resolve(read: Result<AuditEvents>): void; reject(why: Fault): void };

const tooHeavy: Result<never> = { ok: false, code: "BODY_TOO_LARGE", reason: "The body needs more memory than it may" };

/**
 * Reads posted audit records. The largest body takes a second or more, whatever is done about it (parsing, and a look at
 * each text for secrets): small ones are read at once, others on a thread of their own, so that no client of an API
 * server makes the hub's own wait. The thread is started by the first that needs it, and has a bound of its own on memory.
 */
export class AuditReader {
  readonly #inlineBytesMax: number;
  readonly #mebibytesMax: number;
  /** In the order in which the thread has them; the first is the one that it works on. */
  #waiting: Waiting[] = [];
  #worker: Worker | undefined;
  #closed = false;

  constructor(
    inlineBytesMax: number = serverLimits.auditInlineBytesMax,
    mebibytesMax: number = serverLimits.auditReaderMebibytesMax,
  ) {
    this.#inlineBytesMax = inlineBytesMax;
    this.#mebibytesMax = mebibytesMax;
  }

  /** Throws Fault BUSY where the hub stops, or the thread had to be ended for another body. */
  async read(body: Buffer, receivedUs: number): Promise<Result<AuditEvents>> {
    if (body.length <= this.#inlineBytesMax) return auditEventsFromBody(body, { receivedUs });
    if (this.#closed) throw notNow();
    const worker = this.#worker ?? this.#start();
    // A body may be a view of a larger buffer: its own copy can change hands.
    const message: ToAuditReader = { body: new Uint8Array(body), receivedUs };
    worker.postMessage(message, [message.body.buffer]);
    return await new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #start(): Worker {
    const worker = new Worker(threadFile("audit-reader-thread", import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: this.#mebibytesMax },
    });
    worker.unref();
    worker.on("message", (read: FromAuditReader) => this.#waiting.shift()?.resolve(read));
    // It runs out of its own memory, not of the hub's.
    worker.on("error", () => this.#ended(worker, tooHeavy));
    worker.on("exit", () => this.#ended(worker));
    this.#worker = worker;
    return worker;
  }

  /** The body that it was working on is refused, those behind it are to be sent again. */
  #ended(worker: Worker, first?: Result<never>): void {
    // An exit follows each error: by then another thread may work.
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    if (first !== undefined) waiting.shift()?.resolve(first);
    for (const one of waiting) one.reject(notNow());
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker?.terminate();
  }
}

function notNow(): Fault {
  return new Fault("BUSY", "The hub cannot read audit records at the moment; send them again after Retry-After", {
    retry_after_s: serverLimits.retryAfterS,
  });
}
