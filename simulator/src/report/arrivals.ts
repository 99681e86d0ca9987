import { type AlertSummary, alertSchema, alertSummarySchema, Fault } from "@atalaya/wire";
import type { HubClient } from "@atalaya/wire/client";
import type { Expectation } from "../attack/scenario.ts";
import { limits } from "../limits.ts";
import { type AlertSource, type Arrival, ArrivalList, type Wanted } from "./arrival-list.ts";

type Hub = Pick<HubClient, "follow" | "get" | "url">;

/** Follows the hub's stream of alerts and keeps what arrives. */
export class AlertWatch implements AlertSource {
  readonly #hub: Hub;
  readonly #list = new ArrivalList();
  readonly #stop = new AbortController();
  #following: Promise<void> = Promise.resolve();
  readonly #asking = new Set<Promise<void>>();

  private constructor(hub: Hub) {
    this.#hub = hub;
  }

  /** Resolves when the stream is open: what is raised from then on is seen. Throws what the hub refuses with. */
  static async open(hub: Hub): Promise<AlertWatch> {
    const watch = new AlertWatch(hub);
    const opened = Promise.withResolvers<void>();
    const onMessage = (message: { data: unknown }) => watch.#keep(message.data);
    watch.#following = hub
      .follow("alerts", {}, onMessage, watch.#stop.signal, opened.resolve)
      .catch((error: unknown) => {
        watch.#list.fail(error);
        opened.reject(error);
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

  get arrivals(): readonly Arrival[] {
    return this.#list.arrivals;
  }

  rulesFor(expectation: Expectation): readonly string[] {
    return expectation.rules;
  }

  wait(wanted: Wanted, deadlineUs: number, signal?: AbortSignal): Promise<Arrival | undefined> {
    return this.#list.wait(wanted, deadlineUs, signal);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#following;
    await Promise.allSettled(this.#asking);
  }

  #keep(data: unknown): void {
    const alert = alertSummarySchema.safeParse(data);
    if (!alert.success) return;
    const arrivedUs = Date.now() * 1000;
    if (alert.data.source !== "k8s_audit") this.#list.add(arrivalOf(alert.data, arrivedUs, undefined));
    else if (this.#asking.size < limits.askingMax) this.#askWho(alert.data, arrivedUs);
    else this.#list.dropped += 1;
  }

  /** A summary does not say who asked the API server; the alert itself does. The time of its arrival stays the stream's. */
  #askWho(summary: AlertSummary, arrivedUs: number): void {
    const path = `/api/v1/alerts/${encodeURIComponent(summary.alert_id)}`;
    const asking = this.#hub
      .get(path, alertSchema)
      .then(
        ({ who }) => this.#list.add(arrivalOf(summary, arrivedUs, who.user)),
        () => this.#list.add(arrivalOf(summary, arrivedUs, undefined)),
      )
      .finally(() => this.#asking.delete(asking));
    this.#asking.add(asking);
  }
}

function arrivalOf(alert: AlertSummary, arrivedUs: number, user: string | undefined): Arrival {
  const { container_id: containerId, namespace, pod } = alert.where;
  return {
    rule: alert.rule,
    alertId: alert.alert_id,
    arrivedUs,
    lastSeenUs: alert.last_seen_us,
    containerId,
    namespace,
    pod,
    user,
  };
}
