import { type AlertSummary, alertSummarySchema } from "@atalaya/wire";
import type { HubClient } from "@atalaya/wire/client";
import type { Expectation } from "./attack/scenario.ts";
import { limits } from "./limits.ts";

export type Arrival = { alert: AlertSummary; atUs: number };
type Waiting = { wanted: (alert: AlertSummary) => boolean; found: (arrival: Arrival) => void };

/** Whether `alert` is what `expectation` waits for, in this container and not from before `sinceUs`. */
export function isExpected(
  alert: AlertSummary,
  expectation: Expectation,
  containerId: string,
  sinceUs: number,
): boolean {
  return (
    expectation.rules.includes(alert.rule) &&
    alert.where.container_id === containerId &&
    alert.last_seen_us >= sinceUs - limits.clockToleranceUs
  );
}

/** The alerts that the hub's stream brought since it was opened, and those that somebody waits for. */
export class Arrivals {
  readonly #seen: Arrival[] = [];
  readonly #waiting = new Set<Waiting>();

  /** Opens the stream; resolves when it is open. It ends with `signal`. */
  open(hub: HubClient, signal: AbortSignal): Promise<void> {
    return new Promise((opened, failed) => {
      const late = setTimeout(() => failed(new Error("the hub's stream did not open in time")), limits.streamOpenMs);
      const onOpen = () => {
        clearTimeout(late);
        opened();
      };
      hub
        .follow("alerts", {}, (message) => this.#take(message.data), signal, onOpen)
        .catch((error) => {
          clearTimeout(late);
          failed(error);
        });
    });
  }

  /** The first arrival that is wanted, also one that came already; undefined after `patienceMs` or when aborted. */
  next(
    wanted: (alert: AlertSummary) => boolean,
    patienceMs: number,
    signal: AbortSignal,
  ): Promise<Arrival | undefined> {
    const before = this.#seen.find((arrival) => wanted(arrival.alert));
    if (before !== undefined) return Promise.resolve(before);
    return new Promise((done) => {
      const waiting: Waiting = { wanted, found: finish };
      const timer = setTimeout(finish, patienceMs);
      const aborted = () => finish();
      signal.addEventListener("abort", aborted, { once: true });
      this.#waiting.add(waiting);
      const waitings = this.#waiting;
      function finish(arrival?: Arrival) {
        clearTimeout(timer);
        signal.removeEventListener("abort", aborted);
        waitings.delete(waiting);
        done(arrival);
      }
    });
  }

  #take(data: unknown): void {
    const alert = alertSummarySchema.safeParse(data);
    if (!alert.success) return;
    const arrival = { alert: alert.data, atUs: Date.now() * 1000 };
    if (this.#seen.length < limits.arrivalsMax) this.#seen.push(arrival);
    for (const waiting of [...this.#waiting]) if (waiting.wanted(alert.data)) waiting.found(arrival);
  }
}
