import type { ServerResponse } from "node:http";
import { type AlertSummary, type AtalayaEvent, eventToJson, type Sensor } from "@atalaya/wire";
import type { CommittedAlert, HubCore } from "../hub-core.ts";
import { serverLimits } from "../server/limits.ts";

export const topics = ["alerts", "sensors", "events"] as const;
export type Topic = (typeof topics)[number];

/** What one reader of the stream wants to see. Lists are empty for "all". */
export type StreamWish = {
  workspaceId: string;
  topics: ReadonlySet<Topic>;
  /** The start of a container's id. */
  container: string;
  names: readonly string[];
  classes: readonly string[];
};

/**
 * One open stream: writes messages, bounded. A reader that does not keep up is closed, never waited for: its browser
 * comes back by itself and resumes after the last id it saw.
 */
export class StreamClient {
  readonly wish: StreamWish;
  readonly #out: ServerResponse;
  readonly #dropped: (reason: "slow" | "behind") => void;
  readonly #bufferBytesMax: () => number;
  /** Live alerts that arrived while the missed ones are still being read; undefined once they are out. */
  #held: CommittedAlert[] | undefined = [];
  #lastCommit = 0;
  #wasFull = false;

  constructor(
    out: ServerResponse,
    wish: StreamWish,
    dropped: (reason: "slow" | "behind") => void,
    bufferBytesMax = () => serverLimits.streamBufferBytesMax as number,
  ) {
    this.#out = out;
    this.wish = wish;
    this.#dropped = dropped;
    this.#bufferBytesMax = bufferBytesMax;
  }

  get open(): boolean {
    return !this.#out.destroyed && !this.#out.writableEnded;
  }

  end(): void {
    this.#out.end();
  }

  /** A reader that has taken nothing since the last beat will not take the next either. */
  heartbeat(): void {
    if (this.#wasFull && this.#out.writableNeedDrain) this.#drop("slow");
    else this.#write(":\n\n");
    this.#wasFull = this.#out.writableNeedDrain;
  }

  alert(change: CommittedAlert): void {
    if (!this.wish.topics.has("alerts")) return;
    if (this.#held === undefined) this.#sendAlert(change.commit, change.alert);
    else this.#held.push(change);
  }

  sensor(sensor: Sensor): void {
    if (this.wish.topics.has("sensors")) this.#write(`event: sensor\ndata: ${JSON.stringify(sensor)}\n\n`);
  }

  /** `text` makes the event's message once for all clients that want it. */
  event(event: AtalayaEvent, text: () => string): void {
    if (this.wish.topics.has("events") && this.#wants(event)) this.#write(text());
  }

  /**
   * Sends the alerts after `after` (what a resumed stream missed), then what came meanwhile, each once and in order.
   * When too much was missed, or the id is of another database, says `reset`: load the list afresh.
   */
  async catchUp(core: HubCore, after: number | undefined): Promise<void> {
    const newest = await core.lastCommit(this.wish.workspaceId);
    this.#lastCommit = after ?? newest;
    if (after !== undefined && after > newest) this.#reset(newest);
    else if (after !== undefined) await this.#replay(core, newest);
    // An id without data: a stream that ends before its first alert resumes here (HTML standard, 9.2.6).
    this.#write(`id: ${this.#lastCommit}\n\n`);
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const change of held) this.#sendAlert(change.commit, change.alert);
  }

  async #replay(core: HubCore, newest: number): Promise<void> {
    for (let sent = 0; sent < serverLimits.streamResumeAlertsMax && this.open; ) {
      const missed = await core.alertsSince(this.wish.workspaceId, this.#lastCommit);
      if (missed.length === 0) return;
      for (const change of missed) {
        if (this.#out.writableNeedDrain) await this.#drained();
        this.#sendAlert(change.commit, change.alert);
      }
      sent += missed.length;
    }
    if (this.#lastCommit < newest) this.#reset(newest);
  }

  /** What was missed is read at the reader's pace; one that never reads is closed by its heartbeat. */
  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#out.off("drain", done).off("close", done);
        resolve();
      };
      this.#out.on("drain", done).on("close", done);
    });
  }

  #reset(commit: number): void {
    this.#lastCommit = commit;
    this.#write(`event: reset\ndata: {}\nid: ${commit}\n\n`);
  }

  #sendAlert(commit: number, alert: AlertSummary): void {
    if (commit <= this.#lastCommit) return;
    this.#lastCommit = commit;
    this.#write(`event: alert\nid: ${commit}\ndata: ${JSON.stringify(alert)}\n\n`);
  }

  #wants(event: AtalayaEvent): boolean {
    const { container, names, classes } = this.wish;
    if (classes.length > 0 && !classes.includes(event.class)) return false;
    if (container === "" && names.length === 0) return true;
    if (!("container_id" in event)) return false;
    if (!(event.container_id ?? "").startsWith(container)) return false;
    return names.length === 0 || names.includes(event.name ?? "");
  }

  #write(text: string): void {
    if (!this.open) return;
    if ((this.#held?.length ?? 0) > serverLimits.streamResumeAlertsMax) this.#drop("behind");
    else if (this.#out.writableLength + text.length > this.#bufferBytesMax()) this.#drop("slow");
    else this.#out.write(text);
  }

  #drop(reason: "slow" | "behind"): void {
    this.#held = undefined;
    this.#dropped(reason);
    this.#out.destroy();
  }
}

/** The message of an event, made at most once. */
export function eventMessage(node: string, event: AtalayaEvent): () => string {
  let text: string | undefined;
  return () => {
    text ??= `event: event\ndata: ${JSON.stringify({ node, event: eventToJson(event) })}\n\n`;
    return text;
  };
}
