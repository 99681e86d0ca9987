import { type LogPlace, LogTail, readAuditLine, type TailLine } from "@atalaya/audit";
import { type CollectorReason, type Resume, rings, sideOf } from "@atalaya/wire";
import { FrameBuilder } from "../frame-builder.ts";
import type { Counter } from "../kernel-record.ts";
import { collectorLimits } from "../limits.ts";
import { AuditWindow } from "./audit-window.ts";
import { AuditAccount } from "./kept-account.ts";

export type AuditLogOptions = {
  path: string;
  /** Where the place in the log is kept. */
  stateFolder: string;
  node: string;
  cluster: string;
  bootId: string;
  /** Names the life of the sensor's counters. */
  epoch: string;
};

type Outlets = {
  send(frame: Uint8Array): void;
  log(line: string): void;
};

/**
 * From the lines of an API server's audit log to frames for the publisher. How far it is, is kept only for what is on the
 * publisher's disk; what is read again after a kill is left out by its position.
 */
export class AuditLogReader {
  readonly #account: AuditAccount;
  readonly #tail: LogTail;
  readonly #frames: FrameBuilder;
  readonly #window = new AuditWindow();
  readonly #outlets: Outlets;
  #place: LogPlace;
  #onDisk = -1;
  #unsaved = true;
  #savedMs = Number.NEGATIVE_INFINITY;
  #saidUnkept = false;
  /** A file has ended: what was read of it is settled before the next one is begun. */
  #fileEnded = false;
  #told: Counter[] = [];

  constructor(options: AuditLogOptions, outlets: Outlets) {
    const { path, stateFolder, node, cluster, bootId, epoch } = options;
    this.#outlets = outlets;
    this.#account = new AuditAccount(stateFolder, path, bootId, epoch);
    this.#tail = new LogTail(path, this.#account.earlierPlace);
    this.#place = this.#tail.place;
    const { stream } = this.#account;
    const streams = { own: stream, earlier: stream, sensor: stream };
    this.#frames = new FrameBuilder({ bootId: this.#account.bootId, node, cluster, workspace: "", streams });
    this.#told = this.#account.counters();
    // At once: whoever comes after a kill in the first moment begins where we did.
    this.save();
  }

  /** What the publisher has from an earlier run: it is read again, and not handed on again. */
  resume({ streams }: Resume): void {
    const { bootId, stream } = this.#account;
    const own = streams.find(
      (one) => one.bootId === bootId && one.layoutHash === stream && one.ring === rings.audit && one.class === "api",
    );
    this.#onDisk = Math.max(this.#onDisk, own?.lastPosition ?? -1);
    this.#tail.notBefore(this.#onDisk);
  }

  /** Reads a piece, where the publisher keeps up; true when there is more. */
  read(): boolean {
    if (this.#window.isFull || this.#fileEnded) {
      this.#tail.look();
      return false;
    }
    const { lines, more, ended, gone } = this.#tail.read();
    this.#fileEnded = ended;
    if (gone > 0) this.#outlets.log(`${gone} files of the audit log were gone before they were read`);
    if (gone > 0 || lines.length > 0) this.#handOn(lines, gone);
    if (ended) this.#settle();
    return more && !this.#fileEnded;
  }

  /** Looks at what is there without reading: while the publisher is away. */
  look(): void {
    this.#tail.look();
  }

  /** The publisher has so many frames on disk, counted from the start. */
  acknowledged(frames: number): void {
    this.#window.acknowledged(frames);
    this.#settle();
  }

  get isSettled(): boolean {
    return this.#window.isEmpty;
  }

  get isFollowing(): boolean {
    return this.#tail.isFollowing;
  }

  /** Writes down how far it is, where that has changed. What was not written down is not told of: a kill would take it back. */
  save(): void {
    this.#settle(false);
    if (!this.#unsaved) return;
    this.#savedMs = performance.now();
    try {
      this.#account.save(this.#place);
      this.#unsaved = false;
      this.#saidUnkept = false;
      this.#told = this.#account.counters();
    } catch (error) {
      if (this.#saidUnkept) return;
      this.#saidUnkept = true;
      const why = error instanceof Error ? error.message : String(error);
      this.#account.add("state_unkept");
      this.#outlets.log(`how far the audit log was read could not be kept: ${why}`);
    }
  }

  /** The account as it was kept last, and what is on its way (wire/src/ledger.ts, hop `collector`). */
  counters(): Counter[] {
    const settled = this.#told.reduce((sum, one) => sum + (isNote(one) ? 0 : one.value), 0);
    const { pending } = this.#window;
    const counters = [...this.#told, { class: "api", reason: "read", value: settled + pending }];
    if (pending > 0) counters.push({ class: "api", reason: "pending", value: pending });
    return counters.filter((one) => one.value > 0);
  }

  close(): void {
    this.save();
    this.#tail.close();
  }

  #handOn(lines: readonly TailLine[], gone: number): void {
    const outcomes = new Map<CollectorReason, number>(gone > 0 ? [["vanished", gone]] : []);
    const add = (reason: CollectorReason) => outcomes.set(reason, (outcomes.get(reason) ?? 0) + 1);
    for (const one of lines) {
      if ("tooLong" in one) {
        add("too_large");
        continue;
      }
      for (const outcome of readAuditLine(one.line, one.isWhole)) {
        if (typeof outcome === "string") {
          add(outcome);
          continue;
        }
        if (outcome.isCut) add("cut");
        if (one.position <= this.#onDisk) add("handed_on");
        else {
          const event = { ...outcome.event, position: one.position };
          add(this.#frames.add(event, "audit", one.position, "own") ? "handed_on" : "unencodable");
        }
      }
    }
    const frames = this.#frames.take();
    const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
    this.#window.add({ frames: frames.length, bytes, place: this.#tail.place, outcomes });
    for (const frame of frames) this.#outlets.send(frame);
    if (frames.length === 0) this.#settle();
  }

  #settle(mayWait = true): void {
    const settled = this.#window.settled();
    for (const { place, outcomes } of settled) {
      this.#place = place;
      for (const [reason, count] of outcomes) this.#account.add(reason, count);
    }
    this.#unsaved ||= settled.length > 0;
    const fileIsDone = this.#fileEnded && this.#window.isEmpty;
    if (fileIsDone) {
      this.#fileEnded = false;
      this.#place = this.#tail.place;
      this.#unsaved = true;
    }
    if (!mayWait) return;
    const isDue = performance.now() - this.#savedMs >= collectorLimits.auditSaveMs;
    if (fileIsDone || isDue) this.save();
  }
}

/** Figures beside the account of records. */
const isNote = ({ reason }: Counter): boolean => sideOf("collector", reason) === "note";
