import { type AlertSummary, blankEvent, type SensorEvent } from "@atalaya/wire";
import type { LiveListener } from "../hub-core.ts";
import type { NodeKey } from "../ledger/node-account.ts";
import type { HealthLimits } from "./limits.ts";
import { countText, type News } from "./news.ts";

export type NewsDeskOptions = {
  limits: HealthLimits;
  /** Has the event evaluated like any other; resolves when it is committed. */
  make(event: SensorEvent, of: NodeKey): Promise<unknown>;
  listen(listener: LiveListener): () => void;
  /** Writes a remark on an alert. */
  comment(workspaceId: string, alertId: string, text: string): Promise<unknown>;
  log(what: string, error: unknown): void;
};

/**
 * Makes news of sensors into events that rules see, one after another, and keeps them while the store takes nothing.
 * A storm (every node at once) becomes some alerts and one that counts the rest.
 */
export class NewsDesk {
  readonly #options: NewsDeskOptions;
  readonly #waiting: News[] = [];
  readonly #told = new Map<string, { minute: number; n: number; more: number; of: NodeKey }>();
  /** The alert that the last news of a node and kind went into. */
  readonly #alerts = new Map<string, string>();
  #working = false;
  #closed = false;
  /** News that found no place, and those that were told together with others. */
  dropped = 0;
  joined = 0;

  constructor(options: NewsDeskOptions) {
    this.#options = options;
  }

  tell(news: News): void {
    if (this.#isStorm(news)) return;
    if (this.#waiting.length >= this.#options.limits.waitingMax) {
      this.dropped += 1;
      return;
    }
    this.#waiting.push(news);
    void this.#work();
  }

  #isStorm({ of, activity }: News): boolean {
    const key = `${of.workspaceId}\n${activity}`;
    const minute = Math.floor(performance.now() / 60_000);
    let told = this.#told.get(key);
    if (told === undefined || told.minute !== minute) {
      told = { minute, n: 0, more: told?.more ?? 0, of };
      this.#told.set(key, told);
    }
    told.n += 1;
    if (told.n <= this.#options.limits.newsPerMinuteMax) return false;
    told.more += 1;
    told.of = of;
    this.joined += 1;
    return true;
  }

  /** Once a second: tells of a storm's rest when its minute is over. */
  tick(): void {
    const minute = Math.floor(performance.now() / 60_000);
    for (const [key, told] of this.#told) {
      if (told.minute === minute) continue;
      this.#told.delete(key);
      if (told.more === 0) continue;
      const activity = key.slice(key.indexOf("\n") + 1) as News["activity"];
      const message = `${countText(told.more)} more of the kind “${activity}” within a minute`;
      const of = { ...told.of, node: "" };
      this.#waiting.push({ of, activity, reason: "many", object: "sensors", count: told.more, message });
      void this.#work();
    }
  }

  /** Notes on the alert of a node and kind that it is over; without one (the rule is off) there is nothing to note. */
  recovered(of: NodeKey, activity: News["activity"], text: string): void {
    const key = alertKey(of, activity);
    const alertId = this.#alerts.get(key);
    if (alertId === undefined) return;
    this.#alerts.delete(key);
    const { comment, log } = this.#options;
    comment(of.workspaceId, alertId, text).catch((error) => log("noting a recovery", error));
  }

  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    for (let news = this.#waiting[0]; news !== undefined && !this.#closed; news = this.#waiting[0]) {
      try {
        await this.#make(news);
        this.#waiting.shift();
      } catch (error) {
        this.#options.log("news of a sensor", error);
        await new Promise((resolve) => setTimeout(resolve, this.#options.limits.retryMs).unref());
      }
    }
    this.#working = false;
  }

  async #make(news: News): Promise<void> {
    const { of, activity } = news;
    const isOurs = (alert: AlertSummary) =>
      alert.source === "sensor" && (alert.where.node ?? "") === of.node && alert.where.cluster === of.cluster;
    const stop = this.#options.listen({
      alert: ({ workspaceId, alert }) => {
        if (workspaceId === of.workspaceId && isOurs(alert)) this.#alerts.set(alertKey(of, activity), alert.alert_id);
      },
    });
    try {
      await this.#options.make(eventOf(news), of);
    } finally {
      stop();
    }
  }

  close(): void {
    this.#closed = true;
  }
}

function alertKey({ workspaceId, cluster, node }: NodeKey, activity: string): string {
  return `${workspaceId}\n${cluster}\n${node}\n${activity}`;
}

function eventOf({ of, activity, reason, object, count, durationUs, message }: News): SensorEvent {
  return {
    ...blankEvent("sensor"),
    activity,
    time_us: Date.now() * 1_000,
    reason,
    object: object ?? null,
    count: count ?? null,
    // How long or how far, never which way: the message says it.
    duration_us: durationUs === undefined ? null : Math.abs(Math.round(durationUs)),
    message,
    node: of.node,
  };
}
