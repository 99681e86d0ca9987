import type { RecordCounts } from "@atalaya/audit";
import {
  type ApiEvent,
  type AtalayaEvent,
  decodeEvents,
  decodeInventory,
  type EventClass,
  Fault,
  type FrameHeader,
  type InventoryEvent,
  isCounted,
  type Result,
  type SensorReport,
  sensorReportSchema,
} from "@atalaya/wire";
import { sessionsOfRequest } from "../who/session-of-request.ts";
import { startOfProcess } from "../who/start-of-process.ts";
import type { EventOrigin } from "./alert-document.ts";
import { type DriftKnown, isDriftIgnored } from "./drift-decision.ts";
import type { EventMemory } from "./event-memory.ts";
import { MatchFolder } from "./fold-matches.ts";
import { entriesOf, FrameTally } from "./frame-tally.ts";
import type { Batch, FramePart, InventoryRows, Origin, ProcessRows, SensorHeard, WhoFacts } from "./messages.ts";
import { keepProcessRow } from "./process-rows.ts";
import type { RuleEngine } from "./rule-engine.ts";
import type { Span } from "./stream-positions.ts";

export type EvaluationOutlets = {
  sensor(heard: SensorHeard): void;
  /** Undefined when nobody watches. */
  live: ((workspaceId: string, node: string, event: AtalayaEvent) => void) | undefined;
  ruleFailed(what: string, error: unknown): void;
};

/** Turns one request into the batch that the writer commits. Made anew for every request. */
export class Evaluation {
  readonly #origin: Origin;
  readonly #memory: EventMemory;
  readonly #rules: RuleEngine;
  readonly #outlets: EvaluationOutlets;
  readonly #drift: DriftKnown | undefined;
  readonly #folder = new MatchFolder();
  readonly #tallies: FrameTally[] = [];
  readonly #processes: ProcessRows[] = [];
  readonly #inventory: InventoryRows[] = [];
  readonly #hashes: string[] = [];
  readonly #who: WhoFacts = { sessions: [], starts: [], heard: [] };
  readonly #started = performance.now();
  #accepted = 0;
  #duplicates = 0;
  #newestUs = 0;
  #errors = 0;

  /** `drift` is the workspace's policy, where it has one. */
  constructor(
    origin: Origin,
    memory: EventMemory,
    rules: RuleEngine,
    outlets: EvaluationOutlets,
    drift: DriftKnown | undefined,
  ) {
    this.#drift = drift;
    this.#origin = origin;
    this.#memory = memory;
    this.#rules = rules;
    this.#outlets = outlets;
  }

  /** Throws a Fault when a frame does not decode: then none of the request's frames counts. */
  frames(frames: readonly FramePart[]): void {
    const decoded = frames.map(({ header, body }) =>
      header.class === "inventory"
        ? { header, objects: checkedBody(header, decodeInventory(body, header.eventCount)) }
        : { header, events: checkedBody(header, decodeEvents(body, header.eventCount)) },
    );
    this.#memory.admit(
      this.#origin.workspaceId,
      frames.map(({ header }) => this.#streamOf(header)),
    );
    for (const one of decoded) {
      if (one.objects === undefined) this.#frame(one.header, one.events);
      else this.#objects(one.header, one.objects);
    }
  }

  /** Records of the audit endpoint, and how many came with them that nobody can read. */
  records(events: readonly ApiEvent[], lost: RecordCounts): void {
    const origin = this.#eventOrigin("", "");
    const tally = this.#tally("", "", "api");
    tally.received += lost.undecodable + lost.too_large;
    tally.undecodable += lost.undecodable;
    tally.too_large += lost.too_large;
    tally.cut += lost.cut ?? 0;
    for (const event of events) this.#event(event, origin, undefined, tally);
  }

  /** An event of our own making: news of a sensor are evaluated like any other event, a report is not among them. */
  made(event: AtalayaEvent, node: string, bootId: string): void {
    const tally = this.#tally(node, "", "made");
    tally.received += 1;
    this.#committed(event, tally);
    this.#observe(event, this.#eventOrigin(node, bootId), undefined, tally);
  }

  /** The name of the ring and class that a frame is a part of. */
  #streamOf({ node, bootId, layoutHash, ring, class: name }: FrameHeader): string {
    return [this.#origin.cluster, node, bootId, layoutHash, ring, name].join("\n");
  }

  #tally(node: string, stream: string, name: string): FrameTally {
    const tally = new FrameTally(node, stream, name);
    this.#tallies.push(tally);
    return tally;
  }

  #eventOrigin(node: string, bootId: string): EventOrigin {
    return { cluster: this.#origin.cluster, node, bootId, receivedUs: Date.now() * 1_000 };
  }

  #frame(header: FrameHeader, events: readonly AtalayaEvent[]): void {
    // Audit records are of the cluster, whichever node brought them, as those of a webhook.
    const isAudit = header.class === "api";
    const origin = isAudit ? this.#eventOrigin("", "") : this.#eventOrigin(header.node, header.bootId);
    const rows: ProcessRows = { node: header.node, bootId: header.bootId, steps: [], ends: [] };
    const stream = isCounted(header.class) ? header.layoutHash : "";
    const tally = this.#tally(header.node, stream, header.class);
    const span = spanOf(events);
    if (span === undefined) for (const event of events) this.#event(event, origin, rows, tally);
    else {
      const positions = this.#memory.stream(this.#origin.workspaceId, this.#streamOf(header));
      const allNew = positions.isNew(span);
      for (const event of events) {
        const position = allNew ? undefined : positionOf(event);
        if (position !== undefined && positions.has(position)) this.#duplicate(tally);
        else this.#event(event, origin, rows, tally);
      }
      positions.add(span);
    }
    if (rows.steps.length + rows.ends.length > 0) this.#processes.push(rows);
    // Reports go the way of life-cycle records, behind them.
    if (header.class === "process" || header.class === "sensor") this.#heard(header, events);
  }

  #heard({ node, bootId }: FrameHeader, events: readonly AtalayaEvent[]): void {
    const timeUs = events.reduce((newest, event) => Math.max(newest, event.time_us ?? 0), 0);
    this.#who.heard.push({ node, bootId, timeUs });
  }

  /** State of a cluster's objects: no rule sees it, the writer takes it in the order of its positions. */
  #objects(header: FrameHeader, events: readonly InventoryEvent[]): void {
    const tally = this.#tally(header.node, "", header.class);
    const span = spanOf(events);
    if (span === undefined) {
      tally.report_malformed += events.length;
      return;
    }
    const positions = this.#memory.stream(this.#origin.workspaceId, this.#streamOf(header));
    const fresh: InventoryEvent[] = [];
    for (const event of events) {
      if (event.position !== null && positions.has(event.position)) this.#duplicate(tally);
      else fresh.push(event);
    }
    positions.add(span);
    tally.received += fresh.length;
    tally.committed += fresh.length;
    this.#accepted += fresh.length;
    if (fresh.length > 0) this.#inventory.push({ node: header.node, events: fresh });
  }

  #duplicate(tally: FrameTally): void {
    this.#duplicates += 1;
    tally.received += 1;
    tally.duplicate += 1;
  }

  #event(event: AtalayaEvent, origin: EventOrigin, rows: ProcessRows | undefined, tally: FrameTally): void {
    if (event.class === "api" && event.record !== null) {
      const hash = this.#memory.newRecord(this.#origin.workspaceId, origin.cluster, event.record);
      if (hash === undefined) {
        this.#duplicate(tally);
        return;
      }
      this.#hashes.push(hash);
    }
    tally.received += 1;
    this.#committed(event, tally);
    if (event.class === "sensor") this.#sensor(event.time_us, event.report, origin, tally);
    else this.#observe(event, origin, rows, tally);
  }

  #committed(event: AtalayaEvent, tally: FrameTally): void {
    this.#accepted += 1;
    tally.committed += 1;
    if (event.class !== "sensor" && event.time_us !== null && event.time_us > this.#newestUs)
      this.#newestUs = event.time_us;
  }

  #observe(event: AtalayaEvent, origin: EventOrigin, rows: ProcessRows | undefined, tally: FrameTally): void {
    if (rows !== undefined && keepProcessRow(rows, event)) tally.kept += 1;
    this.#whoFacts(event, origin);
    this.#match(event, origin, tally);
    this.#outlets.live?.(this.#origin.workspaceId, origin.node, event);
  }

  #whoFacts(event: AtalayaEvent, { node, bootId }: EventOrigin): void {
    if (event.class === "api") this.#who.sessions.push(...sessionsOfRequest(event));
    else {
      const start = startOfProcess(event, node, bootId);
      if (start !== undefined) this.#who.starts.push(start);
    }
  }

  #match(event: AtalayaEvent, origin: EventOrigin, tally: FrameTally): void {
    try {
      const matches = this.#rules.evaluate(this.#origin.workspaceId, event, `${origin.cluster}\n${origin.node}`);
      for (const match of matches) {
        if (this.#drift !== undefined && isDriftIgnored(this.#drift, match, event, origin.cluster)) {
          tally.drift_ignored += 1;
          continue;
        }
        this.#folder.add(match, event, origin);
        tally.matched += 1;
      }
    } catch (error) {
      // The engine promises not to throw. One event must not stop the others, and the bug must be seen.
      this.#errors += 1;
      tally.evaluation_error += 1;
      this.#outlets.ruleFailed(`evaluating a ${event.class} event`, error);
    }
  }

  #sensor(timeUs: number | null, text: string | null, origin: EventOrigin, tally: FrameTally): void {
    const report = parseReport(text);
    if (report === undefined) {
      tally.report_malformed += 1;
      return;
    }
    const { workspaceId, cluster } = this.#origin;
    const named = { ...report, node: origin.node === "" ? report.node : origin.node };
    this.#outlets.sensor({ type: "sensor", workspaceId, cluster, timeUs: timeUs ?? origin.receivedUs, report: named });
  }

  /** Closes the request. */
  batch(evaluator: number, sequence: number, epoch: number): Batch {
    const log = this.#rules.takeWindowLog(this.#origin.workspaceId);
    if (log !== undefined) this.#memory.undoable(() => log.undo(Date.now() * 1_000));
    const hashes = this.#hashes.length === 0 ? undefined : new Uint8Array(Buffer.from(this.#hashes.join(""), "latin1"));
    return {
      ...this.#origin,
      type: "batch",
      evaluator,
      sequence,
      epoch,
      accepted: this.#accepted,
      duplicates: this.#duplicates,
      newestUs: this.#newestUs,
      evaluationErrors: this.#errors,
      ledger: entriesOf(this.#tallies),
      streams: this.#memory.close(sequence),
      windows: log === undefined ? undefined : { row: log.row, text: log.text, dropUpTo: log.dropUpTo },
      auditHashes: hashes,
      processes: this.#processes,
      inventory: this.#inventory,
      folds: this.#folder.take(),
      who: this.#who,
      evaluateUs: Math.round((performance.now() - this.#started) * 1_000),
    };
  }
}

/** Where an event lies in its ring. Audit records and reports have no place. */
function positionOf(event: AtalayaEvent | InventoryEvent): number | undefined {
  return "position" in event && event.position !== null ? event.position : undefined;
}

/** The frame's part of its ring; undefined when none of its events has a place there. */
function spanOf(events: readonly (AtalayaEvent | InventoryEvent)[]): Span | undefined {
  let firstPosition = Number.POSITIVE_INFINITY;
  let lastPosition = -1;
  for (const event of events) {
    const position = positionOf(event);
    if (position === undefined) continue;
    if (position < firstPosition) firstPosition = position;
    if (position > lastPosition) lastPosition = position;
  }
  return lastPosition < 0 ? undefined : { firstPosition, lastPosition };
}

function checkedBody<E extends { class: EventClass }>(header: FrameHeader, decoded: Result<E[]>): E[] {
  if (!decoded.ok)
    throw new Fault(decoded.code, `A frame of ${header.class} events: ${decoded.reason}.`, { class: header.class });
  if (decoded.value.length !== header.eventCount || decoded.value.some((event) => event.class !== header.class)) {
    throw new Fault("FRAME_MALFORMED", "A frame holds events that its header does not name.", { class: header.class });
  }
  return decoded.value;
}

function parseReport(text: string | null): SensorReport | undefined {
  if (text === null) return undefined;
  try {
    const parsed = sensorReportSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
