import { type AlertSummary, alertSummarySchema, Fault } from "@atalaya/wire";
import type { HubClient } from "@atalaya/wire/client";
import { limits } from "../limits.ts";

/** An alert as the hub's stream brought it, and when (microseconds since 1970). */
export type Arrival = { alert: AlertSummary; arrivedUs: number };

/** What a run waits for: an alert by one of `rules`, about `containerId`, seen since `beganUs`. */
export type Wanted = { rules: readonly string[]; containerId: string; beganUs: number };

/**
 * The first arrival that is what was wanted. An alert that folds repeats was new before: then its last sighting counts.
 * Arrivals from before the step began never count, whatever their times say.
 */
export function findArrival(arrivals: readonly Arrival[], wanted: Wanted): Arrival | undefined {
  return arrivals.find(
    ({ alert, arrivedUs }) =>
      wanted.rules.includes(alert.rule) &&
      isContainer(alert.where.container_id, wanted.containerId) &&
      arrivedUs >= wanted.beganUs &&
      alert.last_seen_us >= wanted.beganUs - limits.clockToleranceUs,
  );
}

/** The whole id: the right container, not one that begins alike. */
function isContainer(seen: string | undefined, wanted: string): boolean {
  return seen === wanted;
}

/** Follows the hub's stream of alerts and keeps what arrives. */
export class AlertWatch {
  readonly arrivals: Arrival[] = [];
  readonly #stop = new AbortController();
  #woken = Promise.withResolvers<void>();
  #failure: unknown;
  #following: Promise<void> = Promise.resolve();

  /** Resolves when the stream is open: what is raised from then on is seen. Throws what the hub refuses with. */
  static async open(hub: Pick<HubClient, "follow" | "url">): Promise<AlertWatch> {
    const watch = new AlertWatch();
    const opened = Promise.withResolvers<void>();
    const onMessage = (message: { data: unknown }) => watch.#keep(message.data);
    watch.#following = hub
      .follow("alerts", {}, onMessage, watch.#stop.signal, opened.resolve)
      .catch((error: unknown) => {
        watch.#failure = error;
        opened.reject(error);
        watch.#wake();
      });
    const late = new Fault("HUB_UNREACHABLE", `The stream of alerts at ${hub.url} does not open`);
    const timer = setTimeout(() => opened.reject(late), limits.streamOpenMs);
    try {
      await opened.promise;
      return watch;
    } catch (error) {
      await watch.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** The alert that is wanted, as soon as it is here; undefined when it is not by `deadlineUs`. */
  async wait(wanted: Wanted, deadlineUs: number, signal?: AbortSignal): Promise<Arrival | undefined> {
    for (;;) {
      signal?.throwIfAborted();
      if (this.#failure !== undefined) throw this.#failure;
      const found = findArrival(this.arrivals, wanted);
      if (found !== undefined) return found.arrivedUs <= deadlineUs ? found : undefined;
      const leftMs = (deadlineUs - Date.now() * 1000) / 1000;
      if (leftMs <= 0) return undefined;
      await this.#changed(leftMs, signal);
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }

  #keep(data: unknown): void {
    const alert = alertSummarySchema.safeParse(data);
    if (!alert.success || this.arrivals.length >= limits.arrivalsMax) return;
    this.arrivals.push({ alert: alert.data, arrivedUs: Date.now() * 1000 });
    this.#wake();
  }

  #wake(): void {
    this.#woken.resolve();
    this.#woken = Promise.withResolvers<void>();
  }

  async #changed(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const ended = Promise.withResolvers<void>();
    const end = () => ended.resolve();
    const timer = setTimeout(end, timeoutMs);
    signal?.addEventListener("abort", end, { once: true });
    await Promise.race([this.#woken.promise, ended.promise]);
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
  }
}
