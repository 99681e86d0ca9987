import { pipelineLimits } from "../core/limits.ts";
import type { EvaluatorMemory } from "./messages.ts";
import { NodeStreams } from "./node-streams.ts";
import { recordHash, recordHashBytes, SeenRecords } from "./seen-records.ts";
import { StreamPositions } from "./stream-positions.ts";

type Undo = () => void;

/**
 * What an evaluator remembers of delivered events, ahead of the disk: positions of rings, hashes of audit records.
 * Changes belong to a batch; those of batches that were not committed are taken back when a commit fails.
 */
export class EventMemory {
  readonly #streams = new Map<string, StreamPositions>();
  readonly #nodes = new NodeStreams();
  readonly #audits = new Map<string, SeenRecords>();
  #unsettled: { sequence: number; undo: Undo[] }[] = [];
  #undo: Undo[] = [];
  #touched = new Map<string, StreamPositions>();
  /** Of the batch's own node: their rows go with it. */
  #dropped = new Set<string>();

  constructor(memory: EvaluatorMemory) {
    for (const [key, positions] of memory.streams) {
      this.#streams.set(key, StreamPositions.parse(positions));
      const tooMany = this.#nodes.add(key);
      if (tooMany !== undefined) this.#streams.delete(tooMany);
    }
    for (const [key, hashes] of memory.audit) {
      const seen = this.#seen(key);
      const text = Buffer.from(hashes).toString("latin1");
      for (let at = 0; at < text.length; at += recordHashBytes) seen.add(text.slice(at, at + recordHashBytes));
    }
  }

  /** To be asked for all streams of a request before any of it counts. Throws Fault BUSY. */
  admit(workspaceId: string, streams: readonly string[]): void {
    const keys = streams.map((stream) => `${workspaceId}\n${stream}`);
    this.#nodes.admit(keys, (key) => this.#streams.has(key));
  }

  /** The stream's positions, to be changed within the batch that is being made. */
  stream(workspaceId: string, stream: string): StreamPositions {
    const key = `${workspaceId}\n${stream}`;
    return this.#touched.get(key) ?? this.#takeOver(key);
  }

  /** Something else that the batch changed, and how that is taken back. */
  undoable(undo: Undo): void {
    this.#undo.push(undo);
  }

  #takeOver(key: string): StreamPositions {
    const before = this.#streams.get(key);
    const copy = before === undefined ? new StreamPositions() : StreamPositions.parse(before.toString());
    this.#streams.delete(key);
    this.#streams.set(key, copy);
    this.#touched.set(key, copy);
    this.#undo.push(() => (before === undefined ? this.#streams.delete(key) : this.#streams.set(key, before)));
    if (this.#streams.size > pipelineLimits.streamsMax) {
      const [oldest] = this.#streams.keys();
      if (oldest !== undefined) this.#drop(oldest);
    }
    const tooMany = this.#nodes.add(key);
    if (tooMany !== undefined) {
      this.#drop(tooMany);
      this.#dropped.add(tooMany);
    }
    return copy;
  }

  #drop(key: string): void {
    this.#streams.delete(key);
    this.#touched.delete(key);
    this.#nodes.forget(key);
  }

  /** The record's hash, or undefined when the record was seen before. */
  newRecord(workspaceId: string, cluster: string, record: string): string | undefined {
    const hash = recordHash(record);
    const seen = this.#seen(`${workspaceId}\n${cluster}`);
    if (!seen.add(hash)) return undefined;
    this.#undo.push(() => seen.delete(hash));
    return hash;
  }

  #seen(key: string): SeenRecords {
    const known = this.#audits.get(key);
    if (known !== undefined) return known;
    const made = new SeenRecords();
    this.#audits.set(key, made);
    return made;
  }

  /** Closes the batch: gives the streams that it changed, without their workspace; empty positions are forgotten ones. */
  close(sequence: number): [stream: string, positions: string][] {
    const named = (key: string, positions: string): [string, string] => [key.slice(key.indexOf("\n") + 1), positions];
    const forgotten = [...this.#dropped].filter((key) => !this.#touched.has(key)).map((key) => named(key, ""));
    const streams = [...[...this.#touched].map(([key, positions]) => named(key, positions.toString())), ...forgotten];
    this.#dropped = new Set();
    this.#unsettled.push({ sequence, undo: this.#undo });
    this.#undo = [];
    this.#touched = new Map();
    return streams;
  }

  /** Forgets how to take back what is on disk now. */
  settle(upTo: number): void {
    const first = this.#unsettled.findIndex(({ sequence }) => sequence > upTo);
    this.#unsettled = first < 0 ? [] : this.#unsettled.slice(first);
  }

  /** Takes back everything that is not on disk, the batch being made included. */
  rollBack(): void {
    const undo = [...this.#unsettled.flatMap((one) => one.undo), ...this.#undo];
    for (const step of undo.reverse()) step();
    this.#unsettled = [];
    this.#undo = [];
    this.#touched = new Map();
    this.#dropped = new Set();
  }
}
