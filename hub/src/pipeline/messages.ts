import type { MessagePort } from "node:worker_threads";
import type { RecordCounts } from "@atalaya/audit";
import type { Rule, RuleFile, RuleProblem, WindowRow } from "@atalaya/rules";
import type {
  ApiEvent,
  AtalayaEvent,
  DriftPolicy,
  ExplainedPlan,
  FrameHeader,
  InventoryEvent,
  SensorReport,
} from "@atalaya/wire";
import type { FaultMessage } from "../core/thread-fault.ts";
import type { LabelsByCluster } from "../state/pod-labels.ts";
import type { Session } from "../who/session.ts";
import type { ProcessStart } from "../who/start-of-process.ts";
import type { FoldedMatches } from "./fold-matches.ts";

// What API thread, evaluators and writer say to each other.
//
//     API thread --frames--> evaluator --batch--> writer --committed--> API thread
//                                      <-settled--
//
// A batch is evaluated against positions that are not yet on disk. When a commit fails, the writer's epoch grows, what
// was evaluated in the old one is refused, and the evaluators take back what they remembered of it.

export type FramePart = { header: FrameHeader; body: Uint8Array };
/** The rules that are switched off, by workspace. */
export type Switches = [workspaceId: string, rules: string[]][];

export type RulesMessage = {
  type: "rules";
  generation: number;
  files: RuleFile[];
  /** Texts by path that loaded without a problem: used where the new text has one. */
  lastGood: [path: string, text: string][];
  switches: Switches;
};

export type Origin = { request: number; workspaceId: string; cluster: string };
export type ToEvaluator =
  | { type: "start"; evaluator: number; memory: EvaluatorMemory; writer: MessagePort }
  | RulesMessage
  | { type: "switches"; switches: Switches }
  | { type: "drift"; workspaceId: string; policy: DriftPolicy }
  /** The labels of pods for which the drift policy asks. */
  | { type: "pod_labels"; workspaceId: string; labels: LabelsByCluster }
  | ({ type: "frames"; frames: FramePart[] } & Origin)
  | ({ type: "records"; events: ApiEvent[]; lost: RecordCounts } & Origin)
  /** An event of our own making (the test alert): no positions. */
  | ({ type: "made"; node: string; bootId: string; event: AtalayaEvent } & Origin)
  | { type: "live"; on: boolean };

export type RulesLoaded = {
  type: "rules";
  generation: number;
  rules: Rule[];
  problems: RuleProblem[];
  plan: ExplainedPlan;
  /** Paths whose new text was refused and whose last good one is in force. */
  heldBack: string[];
};
export type SensorHeard = {
  type: "sensor";
  workspaceId: string;
  cluster: string;
  timeUs: number;
  report: SensorReport;
};
export type FromEvaluator =
  | RulesLoaded
  | { type: "plan"; plan: ExplainedPlan }
  | { type: "refused"; request: number; fault: FaultMessage }
  | SensorHeard
  | { type: "live"; workspaceId: string; node: string; events: AtalayaEvent[]; notShown: number }
  | { type: "fault"; what: string; detail: string };

/** Process life-cycle rows of one boot, as flat arrays: cheap to clone and to bind. */
export type ProcessRows = {
  node: string;
  bootId: string;
  /** stepWidth values a row: ppid, parent_start_us, pid, start_us, time_us, kind, uid, origin, name, exe_path, cmdline, container_id. */
  steps: (string | number | null)[];
  /** endWidth values a row: pid, start_us, time_us, exit_code, exit_signal. */
  ends: (number | null)[];
};
export const stepWidth = 12;
export const endWidth = 5;

/** What one frame told of its cluster's objects, in order. */
export type InventoryRows = { node: string; events: InventoryEvent[] };

/** `stream`: the layout hash of the frame that the events came in, empty for what is not of a kernel ring. */
export type LedgerEntry = { node: string; stream: string; class: string; reason: string; n: number };

/** A row for the log of windows, and the newest of its older rows that are needless then (-1: none). */
export type WindowLogRow = { row: number; text: string; dropUpTo: number };

/** What a request says of who did it. `heard`: how far a node's life-cycle records have come. */
export type WhoFacts = {
  sessions: Session[];
  starts: ProcessStart[];
  heard: { node: string; bootId: string; timeUs: number }[];
};

/** One request, evaluated: what the writer commits in one transaction. */
export type Batch = Origin & {
  type: "batch";
  evaluator: number;
  sequence: number;
  epoch: number;
  accepted: number;
  duplicates: number;
  newestUs: number;
  evaluateUs: number;
  evaluationErrors: number;
  ledger: LedgerEntry[];
  streams: [stream: string, positions: string][];
  windows: WindowLogRow | undefined;
  /** recordHashBytes each. */
  auditHashes: Uint8Array | undefined;
  processes: ProcessRows[];
  inventory: InventoryRows[];
  folds: FoldedMatches[];
  who: WhoFacts;
};

export type ToEvaluatorFromWriter = { type: "settled"; upTo: number } | { type: "failed"; epoch: number };

/** What evaluators must know of earlier runs before the first frame. */
export type EvaluatorMemory = {
  streams: [key: string, positions: string][];
  audit: [key: string, hashes: Uint8Array][];
  /** Oldest first. */
  windows: [workspaceId: string, rows: WindowRow[]][];
};
