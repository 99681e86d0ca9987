import type { MessagePort } from "node:worker_threads";
import type { FaultMessage } from "../core/thread-fault.ts";
import type { CommittedAlert } from "../hub-core.ts";
import type { Batch, EvaluatorMemory } from "../pipeline/messages.ts";
import type { AskedPull } from "../recorder/recorder-pulls.ts";
import type { NotJoined } from "./join-who.ts";
import type { LedgerTable, NodeAccountTable, NodeSyncTable, SensorTable } from "./schema.ts";
import type { StateWrite } from "./state-writes.ts";

export type WriterData = { folder: string; evaluators: number };

/** What an earlier run left that the API thread and the evaluators keep in memory. */
export type StoredState = {
  memory: EvaluatorMemory;
  workspaces: [workspaceId: string, commitNo: number, eventsTotal: number][];
  switchedOff: [workspaceId: string, rules: string[]][];
  settings: [workspaceId: string, name: string, value: string][];
  sensors: SensorTable[];
  ledger: LedgerTable[];
  nodeAccounts: NodeAccountTable[];
  nodeSyncs: NodeSyncTable[];
  /** What alerts asked of recorders and was not answered. */
  asked: AskedPull[];
};

export type ToWriter =
  | { type: "evaluator"; evaluator: number; port: MessagePort }
  | { type: "write"; call: number; name: StateWrite; argument: unknown }
  | { type: "close" };

/** A batch without what only the writer needs. */
export type SettledBatch = Pick<
  Batch,
  | "request"
  | "evaluator"
  | "workspaceId"
  | "cluster"
  | "accepted"
  | "duplicates"
  | "newestUs"
  | "evaluateUs"
  | "evaluationErrors"
  | "ledger"
> & { rows: number };

export type FromWriter =
  | { type: "ready"; state: StoredState }
  | { type: "broken"; fault: FaultMessage }
  | {
      type: "committed";
      batches: SettledBatch[];
      changes: CommittedAlert[];
      results: { call: number; value: unknown }[];
      notJoined: NotJoined;
      asked: AskedPull[];
      workspaces: [workspaceId: string, commitNo: number, eventsTotal: number][];
      commitUs: number;
    }
  | { type: "failed"; requests: number[]; calls: number[]; fault: FaultMessage }
  | { type: "closed" };
