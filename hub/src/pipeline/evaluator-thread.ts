import { type MessagePort, parentPort } from "node:worker_threads";
import { type DriftPolicy, Fault } from "@atalaya/wire";
import { pipelineLimits } from "../core/limits.ts";
import { packFault } from "../core/thread-fault.ts";
import type { LabelsByCluster } from "../state/pod-labels.ts";
import { Evaluation, type EvaluationOutlets } from "./evaluation.ts";
import { EventMemory } from "./event-memory.ts";
import { LiveWindow } from "./live-window.ts";
import type { FromEvaluator, ToEvaluator, ToEvaluatorFromWriter } from "./messages.ts";
import { RuleEngine } from "./rule-engine.ts";

// An evaluator: decodes frames, drops duplicates, evaluates rules, folds matches, and hands batches to the writer.

type Start = Extract<ToEvaluator, { type: "start" }>;
type Work = Extract<ToEvaluator, { type: "frames" | "records" | "made" }>;

if (parentPort === null) throw new Error("this file is a worker's");
const hub = parentPort;
const tell = (message: FromEvaluator) => hub.postMessage(message);

class EvaluatorThread {
  readonly #evaluator: number;
  readonly #writer: MessagePort;
  readonly #memory: EventMemory;
  readonly #rules: RuleEngine;
  readonly #live = new LiveWindow();
  readonly #drift = new Map<string, DriftPolicy>();
  readonly #podLabels = new Map<string, LabelsByCluster>();
  #watched = false;
  #sequence = 0;
  #epoch = 0;
  #errorsReported = 0;

  constructor({ evaluator, memory, writer }: Start) {
    this.#evaluator = evaluator;
    this.#memory = new EventMemory(memory);
    this.#rules = new RuleEngine(new Map(memory.windows), (what) =>
      tell({ type: "fault", what: "rules", detail: what }),
    );
    this.#writer = writer;
    writer.on("message", (message: ToEvaluatorFromWriter) => {
      if (message.type === "settled") this.#memory.settle(message.upTo);
      else {
        this.#memory.rollBack();
        this.#epoch = message.epoch;
      }
    });
  }

  take(message: Exclude<ToEvaluator, Start>): void {
    if (message.type === "rules") tell(this.#rules.load(message));
    else if (message.type === "switches") {
      this.#rules.switch(message.switches);
      tell({ type: "plan", plan: this.#rules.plan() });
    } else if (message.type === "drift") this.#drift.set(message.workspaceId, message.policy);
    else if (message.type === "pod_labels") this.#podLabels.set(message.workspaceId, message.labels);
    else if (message.type === "live") this.#watched = message.on;
    else this.#evaluate(message);
  }

  #evaluate(message: Work): void {
    const { request, workspaceId, cluster } = message;
    const policy = this.#drift.get(workspaceId);
    const drift = policy && { policy, podLabels: this.#podLabels.get(workspaceId)?.get(cluster) ?? new Map() };
    const of = { request, workspaceId, cluster };
    const evaluation = new Evaluation(of, this.#memory, this.#rules, this.#outlets(), drift);
    try {
      if (message.type === "frames") evaluation.frames(message.frames);
      else if (message.type === "records") evaluation.records(message.events, message.lost);
      else evaluation.made(message.event, message.node, message.bootId);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      tell({ type: "refused", request, fault: packFault(error) });
      return;
    }
    this.#sequence += 1;
    this.#writer.postMessage(evaluation.batch(this.#evaluator, this.#sequence, this.#epoch));
    for (const seen of this.#live.take()) tell({ type: "live", ...seen });
  }

  #outlets(): EvaluationOutlets {
    return {
      sensor: tell,
      live: this.#watched ? (workspaceId, node, event) => this.#live.add(workspaceId, node, event) : undefined,
      ruleFailed: (what, error) => {
        this.#errorsReported += 1;
        if (this.#errorsReported > pipelineLimits.evaluationErrorsReportedMax) return;
        tell({ type: "fault", what, detail: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      },
    };
  }
}

let thread: EvaluatorThread | undefined;
hub.on("message", (message: ToEvaluator) => {
  if (message.type === "start") thread = new EvaluatorThread(message);
  else thread?.take(message);
});
