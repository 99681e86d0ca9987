import { availableParallelism } from "node:os";
import { MessageChannel, Worker } from "node:worker_threads";
import { pipelineLimits } from "../core/limits.ts";
import { threadFile } from "../core/thread-file.ts";
import { shardOfScope } from "../store/window-log.ts";
import type { WriterClient } from "../store/writer-client.ts";
import type { EvaluatorMemory, FromEvaluator, ToEvaluator } from "./messages.ts";
import { shardOf } from "./shard.ts";

export type EvaluatorEvents = {
  said(evaluator: number, message: FromEvaluator): void;
  broken(error: unknown): void;
};

/**
 * The evaluator threads. A node's events, and so a container's, always go to the same one: its windows and positions
 * live there. One core is left to the API and the writer.
 */
export class EvaluatorPool {
  readonly #workers: Worker[] = [];

  /** The threads load while the database is opened; they work from `start` on. */
  constructor(events: EvaluatorEvents) {
    const size = Math.max(1, Math.min(pipelineLimits.workersMax, availableParallelism() - 1));
    for (let evaluator = 0; evaluator < size; evaluator++) {
      const worker = new Worker(threadFile("evaluator-thread", import.meta.url));
      worker.on("message", (message: FromEvaluator) => events.said(evaluator, message));
      worker.on("error", events.broken);
      this.#workers.push(worker);
    }
  }

  start(writer: WriterClient, memory: EvaluatorMemory): void {
    for (const [evaluator, worker] of this.#workers.entries()) {
      const { port1, port2 } = new MessageChannel();
      writer.addEvaluator(evaluator, port2);
      const own = this.#ofShard(memory, evaluator);
      const message: ToEvaluator = { type: "start", evaluator, memory: own, writer: port1 };
      worker.postMessage(message, [port1]);
    }
  }

  /** What one evaluator must know: the number of evaluators may have changed since it was written. */
  #ofShard(memory: EvaluatorMemory, evaluator: number): EvaluatorMemory {
    const owns = (workspaceId: string, cluster: string, node: string) =>
      this.shard(workspaceId, cluster, node) === evaluator;
    return {
      streams: memory.streams.filter(([key]) => {
        // workspace, cluster, node (a name that its sender chose), boot, rings, ring, class
        const parts = key.split("\n");
        const node = parts.at(-1) === "api" ? "" : parts.slice(2, -4).join("\n");
        return owns(parts[0] ?? "", parts[1] ?? "", node);
      }),
      audit: memory.audit.filter(([key]) => {
        const [workspaceId = "", cluster = ""] = key.split("\n");
        return owns(workspaceId, cluster, "");
      }),
      windows: memory.windows.map(([workspaceId, rows]) => {
        const own = rows.filter(({ scope }) => shardOfScope(workspaceId, scope, this.size) === evaluator);
        return [workspaceId, own];
      }),
    };
  }

  get size(): number {
    return this.#workers.length;
  }

  /** The evaluator of a node (or, with an empty name, of a cluster's audit log). */
  shard(workspaceId: string, cluster: string, node: string): number {
    return shardOf(workspaceId, cluster, node, this.#workers.length);
  }

  send(evaluator: number, message: ToEvaluator, transfer: readonly ArrayBuffer[] = []): void {
    this.#workers[evaluator]?.postMessage(message, transfer);
  }

  broadcast(message: ToEvaluator): void {
    for (const worker of this.#workers) worker.postMessage(message);
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
