import { existsSync } from "node:fs";
import type { MessagePort } from "node:worker_threads";
import type { AuditLogState } from "@atalaya/wire";
import { collectorLimits } from "../limits.ts";
import { PublisherLink } from "../publisher-link.ts";
import type { AuditThreadOptions, FromAuditThread, ToAuditThread } from "./audit-log-messages.ts";
import { AuditLogReader } from "./audit-log-reader.ts";

type Port = Pick<MessagePort, "postMessage" | "on" | "close">;

/**
 * Reads the audit log behind a port until it is told to stop. It has a connection to the publisher of its own: what the
 * kernel saw and what the API server wrote wait for each other nowhere.
 */
export class AuditLogLoop {
  readonly #port: Port;
  readonly #path: string;
  readonly #link: PublisherLink;
  readonly #reader: AuditLogReader;
  readonly #saver: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;
  #begun = false;
  #stopping = false;
  #ended = false;
  #saidFollowing: boolean | undefined;

  constructor(options: AuditThreadOptions, port: Port) {
    this.#port = port;
    this.#path = options.path;
    const log = (line: string) => this.#post({ type: "log", line });
    this.#reader = new AuditLogReader(options, { send: (frame) => this.#link.send(frame), log });
    this.#link = new PublisherLink(options.socket, {
      acknowledged: (frames) => this.#acknowledged(frames),
      // The sensor's connection has them, too, and its thread says what is wrong with the publisher.
      filters: () => {},
      state: () => {},
      log: () => {},
      resume: (resume) => this.#reader.resume(resume),
      begun: () => this.#begin(),
    });
    // Whatever the publisher has of an earlier run, it says so before anything is read.
    this.#link.continues();
    this.#saver = setInterval(() => this.#everySecond(), 1_000);
    port.on("message", (message: ToAuditThread) => {
      if (message.type === "stop") this.#stop();
    });
    this.#tell();
  }

  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#tick();
  }

  /** Reads, then rests: with a backlog it still leaves most of the time to the sensor. */
  #tick(): void {
    if (this.#stopping) return;
    const before = process.threadCpuUsage();
    const more = this.#reader.read();
    const { user, system } = process.threadCpuUsage(before);
    const workMs = (user + system) / 1_000;
    const { auditIdleMs, auditBusyMs, auditRestFactor } = collectorLimits;
    this.#timer = setTimeout(() => this.#tick(), more ? Math.max(auditBusyMs, workMs * auditRestFactor) : auditIdleMs);
  }

  #everySecond(): void {
    if (!this.#begun) this.#reader.look();
    else this.#sayFollowing(this.#reader.isFollowing);
    this.#reader.save();
    this.#tell();
  }

  #sayFollowing(isFollowing: boolean): void {
    if (isFollowing === this.#saidFollowing) return;
    // Between two files of a log there is a moment without one.
    if (this.#saidFollowing === undefined || isFollowing)
      this.#post({
        type: "log",
        line: isFollowing
          ? `reads the audit log ${this.#path}`
          : `there is no audit log at ${this.#path} that can be read; it is looked for again`,
      });
    this.#saidFollowing = isFollowing;
  }

  #acknowledged(frames: number): void {
    this.#reader.acknowledged(frames);
    if (this.#stopping && this.#reader.isSettled) this.#end();
  }

  #stop(): void {
    this.#stopping = true;
    clearTimeout(this.#timer);
    if (this.#reader.isSettled) this.#end();
    else setTimeout(() => this.#end(), collectorLimits.auditStopPatienceMs);
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#saver);
    // How it was until now: that this reader lets go of the file is no news of the file.
    const state = this.#state();
    this.#reader.close();
    this.#tell(state);
    this.#link.close();
    this.#post({ type: "stopped" });
    this.#port.close();
  }

  #tell(state = this.#state()): void {
    this.#post({ type: "counters", counters: this.#reader.counters(), state });
  }

  #state(): AuditLogState {
    if (!this.#begun) return "waiting";
    // A file that was taken away may be open still: nothing more comes.
    return this.#reader.isFollowing && existsSync(this.#path) ? "read" : "absent";
  }

  #post(message: FromAuditThread): void {
    this.#port.postMessage(message);
  }
}
