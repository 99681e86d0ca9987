import { getSystemErrorName } from "node:util";
import { zstdDecompressSync } from "node:zlib";
import {
  type AlertRecording,
  type AtalayaEvent,
  decodeEvents,
  decodeFrames,
  type Frame,
  isFirstRecording,
  type NetworkEvent,
  type RecordedEvent,
  type RecordingPage,
  recorderLimits,
  type SyscallEvent,
  type TreeRow,
} from "@atalaya/wire";
import { recorderHubLimits } from "../recorder/limits.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import type { AlertRecordingTable, HubTables } from "./schema.ts";

type Db = OpenDatabase<HubTables>;

/** What the flight recorder had of an alert's container, oldest first; undefined where nobody was asked. */
export function readRecording(db: Db, workspaceId: string, alertId: string): RecordingPage | undefined {
  const rows = db.query.selectFrom("alert_recordings").selectAll().where("workspace_id", "=", workspaceId);
  const row = db.row(rows.where("alert_id", "=", alertId));
  if (row === undefined) return undefined;
  const { events, undecodable, counts, isWhole } = readFrames(row);
  const recording: AlertRecording = {
    state: stateOf(row),
    container_id: row.container_id,
    from_us: row.from_us,
    asked_us: row.asked_us,
    answered_us: row.answered_us,
    kept_from_us: row.kept_from_us,
    from_beginning: isWhole,
    cut: row.is_cut !== 0,
    counts,
    undecodable,
    damaged: row.damaged,
  };
  return { recording, events };
}

function stateOf({ state, asked_us }: AlertRecordingTable): AlertRecording["state"] {
  if (state !== "asked") return state as AlertRecording["state"];
  return Date.now() * 1_000 - asked_us > recorderHubLimits.answerUs ? "unanswered" : "asked";
}

type Read = { events: RecordedEvent[]; undecodable: number; counts: AlertRecording["counts"]; isWhole: boolean };

function readFrames({ frames: packed }: AlertRecordingTable): Read {
  const none: Read = { events: [], undecodable: 0, counts: [], isWhole: false };
  if (packed === null) return none;
  const bytes = zstdDecompressSync(packed, { maxOutputLength: 2 * recorderLimits.answerBytesMax });
  const frames = decodeFrames(bytes);
  if (!frames.ok) return none;
  const events: RecordedEvent[] = [];
  let undecodable = 0;
  for (const frame of frames.value) {
    const read = eventsOf(frame);
    if (read === undefined) undecodable += frame.header.eventCount;
    else for (const event of read) events.push(recordedEvent(event));
  }
  events.sort((a, b) => a.time_us - b.time_us);
  const spans = spansOf(frames.value);
  return { events, undecodable, counts: countsOf(spans), isWhole: isWhole(spans) };
}

/** Undefined where they are not what the header says: so many, of that class, of that container. */
function eventsOf({ header, body }: Frame): SyscallEvent[] | undefined {
  const read = decodeEvents(body, header.eventCount);
  if (!read.ok || read.value.length !== header.eventCount) return undefined;
  const isMeant = (event: AtalayaEvent): event is SyscallEvent =>
    isOfContainer(event) && event.class === header.class && event.container_id === header.containerId;
  return read.value.every(isMeant) ? read.value : undefined;
}

type Span = { class: string; first: number; last: number; events: number; isFirst: boolean };

/** Of each recording and class: from which number to which, and how many of them are here. */
function spansOf(frames: readonly Frame[]): Span[] {
  const spans = new Map<string, Span>();
  for (const { header } of frames) {
    const { layoutHash, class: name, firstPosition, lastPosition, eventCount } = header;
    const key = `${layoutHash} ${name}`;
    const isFirst = isFirstRecording(layoutHash);
    const span = spans.get(key) ?? { class: name, first: firstPosition, last: lastPosition, events: 0, isFirst };
    span.first = Math.min(span.first, firstPosition);
    span.last = Math.max(span.last, lastPosition);
    span.events += eventCount;
    spans.set(key, span);
  }
  return [...spans.values()];
}

/** Whether nothing came before it: each class from its first number on, in a recording that is its container's first. */
function isWhole(spans: readonly Span[]): boolean {
  const begun = new Set(spans.filter((span) => span.isFirst).map((span) => span.class));
  return spans.length > 0 && spans.every((span) => span.first === 1 && begun.has(span.class));
}

function countsOf(spans: readonly Span[]): AlertRecording["counts"] {
  const counts = new Map<string, AlertRecording["counts"][number]>();
  for (const { class: name, first, last, events } of spans) {
    const count = counts.get(name) ?? { class: name, events: 0, earlier: 0, lost: 0 };
    count.events += events;
    count.earlier += Math.max(0, first - 1);
    count.lost += Math.max(0, last - first + 1 - events);
    counts.set(name, count);
  }
  return [...counts.values()];
}

function isOfContainer(event: AtalayaEvent): event is SyscallEvent {
  return event.class !== "api" && event.class !== "sensor";
}

function recordedEvent(event: SyscallEvent): RecordedEvent {
  const { time_us, class: name, activity, pid, start_us } = event;
  const of = { time_us: time_us ?? 0, class: name, activity: activity ?? "", pid, start_us };
  return { ...of, name: event.name ?? "", what: whatOf(event) };
}

function whatOf(event: SyscallEvent): string {
  switch (event.class) {
    case "process":
      return event.activity === "exit" ? `exit ${event.exit_code ?? "?"}` : (event.argv ?? []).join(" ");
    case "file":
      return event.other_path === null ? (event.path ?? "") : `${event.path ?? ""} -> ${event.other_path}`;
    case "network":
      return event.path ?? placeOf(event);
    case "dns":
      return event.query ?? "";
    case "kernel":
      return event.target ?? "";
  }
}

/** Where to; of a connection that failed with the reason, of a datagram that came from where. */
function placeOf({ activity, protocol, error, ...of }: NetworkEvent): string {
  const [ip, port] = activity === "receive" ? [of.src_ip, of.src_port] : [of.dst_ip, of.dst_port];
  const place = `${protocol ?? ""} ${ip ?? "?"}:${port ?? "?"}`.trim();
  return error === null || error >= 0 ? place : `${place} ${getSystemErrorName(error)}`;
}

/** The tree's rows with the recorded events of their processes; of a process that was several programs, of each its own. */
export function withRecorded(rows: readonly TreeRow[], events: readonly RecordedEvent[]): TreeRow[] {
  if (events.length === 0) return [...rows];
  const byProcess = Map.groupBy(events, ({ pid, start_us }) => `${pid} ${start_us}`);
  const programs = Map.groupBy(rows, ({ pid, start_us }) => `${pid} ${start_us}`);
  return rows.map((row) => {
    const key = `${row.pid} ${row.start_us}`;
    const own = programs.get(key) ?? [];
    const at = own.indexOf(row);
    const from = at === 0 ? 0 : (row.time_us ?? 0);
    const until = own[at + 1]?.time_us ?? Number.POSITIVE_INFINITY;
    const recorded = (byProcess.get(key) ?? []).filter(({ time_us }) => time_us >= from && time_us < until);
    return recorded.length === 0 ? row : { ...row, recorded: recorded.slice(-recorderLimits.rowEventsMax) };
  });
}
