import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { Fault } from "@atalaya/wire";
import { pipelineLimits } from "../core/limits.ts";
import { packFault } from "../core/thread-fault.ts";
import { Evaluation, type EvaluationOutlets } from "./evaluation.ts";
import { EventMemory } from "./event-memory.ts";
import { LiveWindow } from "./live-window.ts";
import type { EvaluatorMemory, FromEvaluator, ToEvaluator, ToEvaluatorFromWriter } from "./messages.ts";
import { RuleEngine } from "./rule-engine.ts";

// An evaluator: decodes frames, drops duplicates, evaluates rules, folds matches, and hands batches to the writer.

export type EvaluatorData = { evaluator: number; memory: EvaluatorMemory; writer: MessagePort };

if (parentPort === null) throw new Error("this file is a worker's");
const hub = parentPort;
const { evaluator, memory: earlier, writer } = workerData as EvaluatorData;
const memory = new EventMemory(earlier);
const rules = new RuleEngine();
const live = new LiveWindow();
let watched = false;
let sequence = 0;
let epoch = 0;
let errorsReported = 0;

const tell = (message: FromEvaluator) => hub.postMessage(message);

function outlets(): EvaluationOutlets {
  return {
    sensor: tell,
    live: watched ? (workspaceId, node, event) => live.add(workspaceId, node, event) : undefined,
    ruleFailed: (what, error) => {
      if (errorsReported++ >= pipelineLimits.evaluationErrorsReportedMax) return;
      tell({ type: "fault", what, detail: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    },
  };
}

function evaluate(message: Extract<ToEvaluator, { type: "frames" | "records" | "made" }>): void {
  const { request, workspaceId, cluster } = message;
  const evaluation = new Evaluation({ request, workspaceId, cluster }, memory, rules, outlets());
  try {
    if (message.type === "frames") evaluation.frames(message.frames);
    else if (message.type === "records") evaluation.events(message.events, "", "");
    else evaluation.events([message.event], message.node, message.bootId);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    tell({ type: "refused", request, fault: packFault(error) });
    return;
  }
  writer.postMessage(evaluation.batch(evaluator, ++sequence, epoch));
  for (const seen of live.take()) tell({ type: "live", ...seen });
}

hub.on("message", (message: ToEvaluator) => {
  if (message.type === "rules") tell(rules.load(message));
  else if (message.type === "switches") {
    rules.switch(message.switches);
    tell({ type: "plan", plan: rules.plan() });
  } else if (message.type === "live") watched = message.on;
  else evaluate(message);
});

writer.on("message", (message: ToEvaluatorFromWriter) => {
  if (message.type === "settled") memory.settle(message.upTo);
  else {
    memory.rollBack();
    epoch = message.epoch;
  }
});
