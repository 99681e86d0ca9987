import { createHash } from "node:crypto";
import type { Match } from "@atalaya/rules";
import { type AlertEvidence, type AtalayaEvent, limits } from "@atalaya/wire";
import { whoLimits } from "../who/limits.ts";
import { type AlertDraft, draftAlert, type EventOrigin } from "./alert-document.ts";

export type EvidenceRow = { hash: string; evidence: AlertEvidence };
export type MatchedProcess = { node: string; bootId: string; pid: number; startUs: number };

/** A line of processes in a pod that raised an alert; pid 0 where it is not known by which process it came in. */
export type MatchedEntry = {
  node: string;
  bootId: string;
  pid: number;
  startUs: number;
  namespace: string;
  pod: string;
  container: string | null;
  firstUs: number;
  lastUs: number;
};

/** The matches of one request that are repeats of one alert, with what is needed to open it if none is open. */
export type FoldedMatches = {
  foldKey: string;
  rule: string;
  count: number;
  firstUs: number;
  lastUs: number;
  draft: AlertDraft;
  evidence: EvidenceRow[];
  processes: MatchedProcess[];
  entries: MatchedEntry[];
  /** Matches that are of none of these lines: beyond the limit, or in no pod. */
  entriesLeftOut: number;
};

/**
 * Folds the matches of one request. The long part of an alert (texts in two languages, the condition's tree) is made
 * once a fold key, because in a storm of repeats it would cost more than the evaluation itself.
 */
export class MatchFolder {
  readonly #folds = new Map<string, FoldedMatches>();

  add(match: Match, event: AtalayaEvent, origin: EventOrigin): void {
    const timeUs = event.time_us ?? origin.receivedUs;
    const known = this.#folds.get(match.foldKey);
    const fold = known ?? openFold(match, event, origin, timeUs);
    if (known === undefined) this.#folds.set(match.foldKey, fold);
    fold.count += 1;
    fold.firstUs = Math.min(fold.firstUs, timeUs);
    fold.lastUs = Math.max(fold.lastUs, timeUs);
    addEvidence(fold, match, event, timeUs);
    addProcess(fold, event, origin);
    addEntry(fold, event, origin, timeUs);
  }

  take(): FoldedMatches[] {
    return [...this.#folds.values()];
  }
}

function openFold(match: Match, event: AtalayaEvent, origin: EventOrigin, timeUs: number): FoldedMatches {
  return {
    foldKey: match.foldKey,
    rule: match.rule.name,
    count: 0,
    firstUs: timeUs,
    lastUs: timeUs,
    draft: draftAlert(match, event, origin),
    evidence: [],
    processes: [],
    entries: [],
    entriesLeftOut: 0,
  };
}

function addEvidence(fold: FoldedMatches, match: Match, event: AtalayaEvent, timeUs: number): void {
  if (fold.evidence.length >= limits.alertEvidenceMax) return;
  const hash = createHash("sha256").update(match.output).digest("base64url").slice(0, 16);
  if (fold.evidence.some((one) => one.hash === hash)) return;
  const evidence: AlertEvidence = { time_us: timeUs, output: match.output, output_fields: match.outputFields };
  if ("pid" in event && event.pid !== null) evidence.pid = event.pid;
  const entry = entryOf(event);
  if (entry !== undefined) [evidence.entry_pid, evidence.entry_start_us] = entry;
  fold.evidence.push({ hash, evidence });
}

function addProcess(fold: FoldedMatches, event: AtalayaEvent, origin: EventOrigin): void {
  if (fold.processes.length >= limits.alertEvidenceMax || !("pid" in event)) return;
  const { pid, start_us: startUs } = event;
  if (pid === null || startUs === null) return;
  if (fold.processes.some((one) => one.pid === pid && one.startUs === startUs)) return;
  fold.processes.push({ node: origin.node, bootId: origin.bootId, pid, startUs });
}

function entryOf(event: AtalayaEvent): [pid: number, startUs: number] | undefined {
  if (!("entry_pid" in event) || event.entry_pid === null || event.entry_start_us === null) return undefined;
  return [event.entry_pid, event.entry_start_us];
}

function addEntry(fold: FoldedMatches, event: AtalayaEvent, origin: EventOrigin, timeUs: number): void {
  if (!("k8s_pod" in event) || event.k8s_pod === null || event.k8s_namespace === null) {
    fold.entriesLeftOut += 1;
    return;
  }
  const [pid, startUs] = entryOf(event) ?? [0, 0];
  const { k8s_namespace: namespace, k8s_pod: pod, container_name: container } = event;
  const { node, bootId } = origin;
  const place = { pid, namespace, pod, container };
  const known = fold.entries.find((one) => one.startUs === startUs && one.bootId === bootId && isOfLine(one, place));
  if (known !== undefined) {
    known.firstUs = Math.min(known.firstUs, timeUs);
    known.lastUs = Math.max(known.lastUs, timeUs);
    return;
  }
  if (fold.entries.length >= whoLimits.alertEntriesMax) {
    fold.entriesLeftOut += 1;
    return;
  }
  const times = { firstUs: timeUs, lastUs: timeUs };
  fold.entries.push({ node, bootId, startUs, ...place, ...times });
}

type Place = Pick<MatchedEntry, "pid" | "namespace" | "pod" | "container">;

/** A process is in one container; what is of no process that is known is told apart by where it was. */
export function isOfLine(line: Place, { pid, namespace, pod, container }: Place): boolean {
  if (line.pid !== pid) return false;
  return pid !== 0 || (line.namespace === namespace && line.pod === pod && line.container === container);
}
