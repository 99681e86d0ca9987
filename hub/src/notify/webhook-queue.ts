import { setTimeout as pause } from "node:timers/promises";
import { serverLimits } from "../server/limits.ts";
import type { PostOutcome } from "./post-webhook.ts";

/** One message on its way; `post` is one try, with the setting of that moment (`undefined`: no longer wanted). */
export type WebhookJob = { post(signal: AbortSignal): Promise<PostOutcome | undefined>; done(): void };

export type WebhookCount = "delivered" | "retried" | "refused" | "gave_up" | "dropped";

/**
 * Messages in their order, one at a time, each tried up to 8 times with a pause that doubles (1 s to 5 min, jitter of
 * a half, so that many hubs do not come back as one). Bounded: when full, the oldest that waits is dropped.
 */
export class WebhookQueue {
  readonly #jobs: WebhookJob[] = [];
  readonly #count: (what: WebhookCount, detail: string) => void;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(count: (what: WebhookCount, detail: string) => void) {
    this.#count = count;
  }

  push(job: WebhookJob): void {
    if (this.#stop.signal.aborted) return;
    this.#jobs.push(job);
    if (this.#jobs.length > serverLimits.notificationsQueuedMax) {
      // The first may be under way just now; the second is the oldest that waits.
      for (const dropped of this.#jobs.splice(1, 1)) {
        this.#count("dropped", "the queue is full");
        dropped.done();
      }
    }
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Gives up waiting; what was not delivered stays undone. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let job = this.#jobs[0]; job !== undefined; job = this.#jobs[0]) {
      const finished = await this.#deliver(job);
      if (!finished) return;
      this.#jobs.shift();
      job.done();
    }
  }

  /** False when the queue was closed before an end was reached. */
  async #deliver(job: WebhookJob): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      if (this.#stop.signal.aborted) return false;
      const result = await job.post(this.#stop.signal);
      if (this.#stop.signal.aborted && result?.outcome !== "delivered") return false;
      if (result === undefined) return true;
      if (result.outcome !== "again") {
        this.#count(result.outcome, result.detail);
        return true;
      }
      if (attempt >= serverLimits.notificationAttemptsMax) {
        this.#count("gave_up", result.detail);
        return true;
      }
      this.#count("retried", result.detail);
      await pause(backOffMs(attempt), undefined, { signal: this.#stop.signal }).catch(() => {});
    }
  }
}

function backOffMs(attempt: number): number {
  const full = Math.min(
    serverLimits.notificationBackOffFirstMs * 2 ** (attempt - 1),
    serverLimits.notificationBackOffMs,
  );
  return full * (0.5 + Math.random() / 2);
}
