import type { MessagePort } from "node:worker_threads";
import { Fault } from "@atalaya/wire";
import { storeLimits } from "../core/limits.ts";
import { packFault } from "../core/thread-fault.ts";
import type { Batch } from "../pipeline/messages.ts";
import { type HubWriter, rowsOf, type Work } from "./hub-writer.ts";
import { storeFault } from "./store-fault.ts";
import type { FromWriter, SettledBatch } from "./writer-messages.ts";

/** What a group is committed with. */
export type GroupWriter = Pick<HubWriter, "commit" | "close"> & { state: Pick<HubWriter["state"], "all"> };

/**
 * Whatever arrives while a group is being committed makes the next group: under load the groups grow by themselves,
 * and a single request waits for nobody.
 */
export class GroupCommit {
  readonly #writer: GroupWriter;
  readonly #tell: (message: FromWriter) => void;
  readonly #evaluators = new Map<number, MessagePort>();
  #queue: Work[] = [];
  #epoch = 0;
  #scheduled = false;
  /** Why the last commit failed: what was evaluated before it is refused for the same reason. */
  #lastFault = new Fault("STORE_UNREACHABLE", "A commit before this one failed; send again.");
  #ended: (() => void) | undefined;

  constructor(writer: GroupWriter, tell: (message: FromWriter) => void) {
    this.#writer = writer;
    this.#tell = tell;
  }

  addEvaluator(evaluator: number, port: MessagePort): void {
    this.#evaluators.set(evaluator, port);
    port.on("message", (batch: Batch) => this.add(batch));
  }

  add(work: Work): void {
    this.#queue.push(work);
    this.#schedule();
  }

  /** Calls back when everything that arrived is on disk and the files are closed. */
  close(ended: () => void): void {
    this.#ended = ended;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#scheduled = false;
    const group = this.#takeGroup();
    if (group.length > 0) this.#commit(group);
    if (this.#queue.length > 0) this.#schedule();
    else if (this.#ended !== undefined) this.#end(this.#ended);
  }

  #takeGroup(): Work[] {
    let rows = 0;
    let end = 0;
    for (; end < this.#queue.length && rows < storeLimits.groupCommitRowsMax; end++) {
      const work = this.#queue[end] as Work;
      rows += work.type === "batch" ? 1 + rowsOf(work) + work.folds.length : 1;
    }
    const taken = this.#queue.slice(0, end);
    this.#queue = this.#queue.slice(end);
    const stale = taken.filter((work) => work.type === "batch" && work.epoch !== this.#epoch) as Batch[];
    if (stale.length > 0) {
      this.#refuse(stale, [], this.#lastFault);
    }
    return taken.filter((work) => work.type !== "batch" || work.epoch === this.#epoch);
  }

  #refuse(batches: readonly Batch[], calls: number[], fault: Fault): void {
    this.#tell({ type: "failed", requests: batches.map((batch) => batch.request), calls, fault: packFault(fault) });
  }

  #commit(group: readonly Work[]): void {
    const batches = group.filter((work): work is Batch => work.type === "batch");
    const started = performance.now();
    try {
      const done = this.#writer.commit(group);
      const commitUs = Math.round((performance.now() - started) * 1_000);
      const workspaces = this.#writer.state.all();
      this.#tell({ type: "committed", batches: batches.map(settled), ...done, workspaces, commitUs });
      const upTo = new Map(batches.map((batch) => [batch.evaluator, batch.sequence]));
      for (const [one, sequence] of upTo) this.#evaluators.get(one)?.postMessage({ type: "settled", upTo: sequence });
    } catch (error) {
      const fault = storeFault(error);
      // Our bug: the process ends and is started again; nothing of the group was acknowledged.
      if (fault === undefined) throw error;
      this.#lastFault = fault;
      this.#epoch += 1;
      for (const port of this.#evaluators.values()) port.postMessage({ type: "failed", epoch: this.#epoch });
      const calls = group.flatMap((work) => (work.type === "write" ? [work.call] : []));
      this.#refuse(batches, calls, fault);
    }
  }

  #end(ended: () => void): void {
    this.#writer.close();
    for (const port of this.#evaluators.values()) port.close();
    ended();
  }
}

function settled(batch: Batch): SettledBatch {
  const { streams, windows, auditHashes, processes, inventory, folds, who, type, sequence, epoch, ...rest } = batch;
  return { ...rest, rows: rowsOf(batch) };
}
