import { hostname } from "node:os";
import { join } from "node:path";
import { type Alert, type AlertSummary, type Notification, severities } from "@atalaya/wire";
import type { FastifyBaseLogger } from "fastify";
import type { CommittedAlert, HubCore } from "../hub-core.ts";
import type { HttpMetrics } from "../server/http-metrics.ts";
import { serverLimits } from "../server/limits.ts";
import { defaultWorkspace } from "../server/workspace.ts";
import { webhookUrl } from "./check-notification.ts";
import { type Cursor, readCursor, writeCursor } from "./cursor-file.ts";
import { LineFile } from "./line-file.ts";
import { postWebhook } from "./post-webhook.ts";
import { falcoLine, messageBody } from "./shapes.ts";
import { testMessage } from "./test-message.ts";
import { type WebhookCount, WebhookQueue } from "./webhook-queue.ts";

export type NotifierParts = {
  core: HubCore;
  metrics: HttpMetrics;
  logger: FastifyBaseLogger;
  /** The one folder with all data: the cursor lies in hub/, files of lines in out/. */
  dataFolder: string;
  /** The page's address, for links. */
  url: string;
  /** Where Falco's lines go when `stdout` is set. */
  printLine: (line: string) => void;
};

/**
 * Tells of new alerts: each once, when it is new and not muted; repeats, changes and comments are not told. A hub that
 * was stopped or killed goes on after the last alert that was told, so none is left out; one may come twice.
 */
export class Notifier {
  readonly #parts: NotifierParts;
  readonly #lines: LineFile;
  readonly #cursorFile: string;
  readonly #webhook: WebhookQueue;
  readonly #settings = new Map<string, Promise<Notification>>();
  readonly #told = new Set<string>();
  readonly #pending = new Set<CommittedAlert>();
  #cursor: Cursor = { commit: 0, committed_us: 0, told: [] };
  /** Alerts that were there before this time are not new, whatever changes about them. */
  #sinceUs = 0;
  #intake: Promise<void> = Promise.resolve();
  #stopListening = () => {};
  #saving: NodeJS.Timeout | undefined;

  constructor(parts: NotifierParts) {
    this.#parts = parts;
    this.#lines = new LineFile(join(parts.dataFolder, "out"));
    this.#cursorFile = join(parts.dataFolder, "hub", "notified.json");
    this.#webhook = new WebhookQueue((what, detail) => this.#count("webhook", what, detail));
  }

  /** Goes on where the last run ended; the first run begins with what happens from now on. */
  async start(): Promise<void> {
    const { core } = this.#parts;
    const before = readCursor(this.#cursorFile);
    const nowUs = Date.now() * 1000;
    this.#cursor = before ?? { commit: await core.lastCommit(defaultWorkspace), committed_us: nowUs, told: [] };
    for (const alertId of this.#cursor.told) this.#remember(alertId);
    // A clock that was set back must not silence what comes from now on.
    this.#sinceUs = Math.min(this.#cursor.committed_us, nowUs);
    this.#stopListening = core.listen({ alert: (change) => this.#take(change) });
    if (before === undefined) return;
    for (let after = before.commit, rounds = 0; rounds < 20; rounds++) {
      const missed = await core.alertsSince(defaultWorkspace, after);
      for (const change of missed) this.#take(change);
      const last = missed.at(-1);
      if (last === undefined) return;
      after = last.commit;
    }
  }

  /** To be called when a setting was changed: the next message uses the new one, waiting ones too. */
  changed(workspaceId: string): void {
    this.#settings.delete(workspaceId);
  }

  /** Sends a message that says that it is a test, once, and tells what became of it. */
  async test(workspaceId: string): Promise<{ ok: boolean; detail: string }> {
    const setting = await this.#parts.core.notification(workspaceId);
    if (setting.url === "") return { ok: false, detail: "No webhook is set" };
    const body = messageBody(setting.shape, testMessage(this.#parts.url));
    const result = await postWebhook(
      webhookUrl(setting.url),
      body,
      AbortSignal.timeout(serverLimits.notificationAnswerMs),
    );
    return { ok: result.outcome === "delivered", detail: `The webhook ${result.detail}` };
  }

  /** Stops at once; what was not delivered is told at the next start. */
  async close(): Promise<void> {
    this.#stopListening();
    await this.#webhook.close();
    await this.#intake;
    clearTimeout(this.#saving);
    this.#save();
  }

  #take(change: CommittedAlert): void {
    const { alert, commit } = change;
    const isNew = alert.status === "new" && !alert.muted && alert.committed_us >= this.#sinceUs;
    const before = change.workspaceId === defaultWorkspace && commit <= this.#cursor.commit;
    if (before || !isNew || this.#told.has(alert.alert_id)) return;
    this.#remember(alert.alert_id);
    if (this.#pending.size >= 2 * serverLimits.notificationsQueuedMax) {
      this.#count("intake", "dropped", "too many new alerts at once");
      return;
    }
    this.#pending.add(change);
    this.#intake = this.#intake.then(() => this.#tell(change));
  }

  async #tell(change: CommittedAlert): Promise<void> {
    try {
      const setting = await this.#setting(change.workspaceId);
      const wanted = isSevere(change.alert, setting) && (setting.enabled || setting.stdout || setting.file !== null);
      const alert = wanted ? await this.#parts.core.alert(change.workspaceId, change.alert.alert_id) : undefined;
      if (alert === undefined) return this.#done(change);
      this.#writeLines(setting, alert);
      if (!setting.enabled) return this.#done(change);
      this.#webhook.push({
        post: async (signal) => {
          const now = await this.#setting(change.workspaceId);
          if (!now.enabled || now.url === "") return undefined;
          return await postWebhook(webhookUrl(now.url), messageBody(now.shape, this.#message(alert)), signal);
        },
        done: () => this.#done(change),
      });
    } catch (error) {
      this.#count("intake", "failed", error instanceof Error ? error.message : "unknown");
      this.#done(change);
    }
  }

  #writeLines(setting: Notification, alert: Alert): void {
    if (!setting.stdout && setting.file === null) return;
    const line = JSON.stringify(falcoLine(this.#message(alert)));
    if (setting.stdout) {
      this.#parts.printLine(line);
      this.#count("stdout", "delivered", "");
    }
    if (setting.file === null) return;
    try {
      this.#lines.append(setting.file, line);
      this.#count("file", "delivered", "");
    } catch (error) {
      this.#count("file", "gave_up", (error as NodeJS.ErrnoException).code ?? "unknown");
    }
  }

  #message(alert: Alert) {
    const link = `${this.#parts.url}/alerts/${encodeURIComponent(alert.alert_id)}`;
    return { alert, link, hostname: hostname() };
  }

  #setting(workspaceId: string): Promise<Notification> {
    const known = this.#settings.get(workspaceId);
    if (known !== undefined) return known;
    const asked = this.#parts.core.notification(workspaceId);
    this.#settings.set(workspaceId, asked);
    asked.catch(() => this.#settings.delete(workspaceId));
    return asked;
  }

  #remember(alertId: string): void {
    this.#told.add(alertId);
    if (this.#told.size <= serverLimits.notifiedMax) return;
    const oldest = this.#told.values().next();
    if (!oldest.done) this.#told.delete(oldest.value);
  }

  #count(way: string, outcome: WebhookCount | "failed", detail: string): void {
    this.#parts.metrics.notifications.inc({ way, outcome });
    if (outcome !== "delivered") this.#parts.logger.warn({ way, outcome, detail }, "a notification met an obstacle");
  }

  /** The cursor stands before the oldest alert that is still on its way. */
  #done(change: CommittedAlert): void {
    this.#pending.delete(change);
    this.#cursor.told = [...this.#cursor.told, change.alert.alert_id].slice(-serverLimits.notifiedKeptMax);
    // The cursor counts in one workspace's commits: alerts of others are told while the hub runs, not after a restart.
    if (change.workspaceId !== defaultWorkspace) return;
    const oldest = [...this.#pending].find((one) => one.workspaceId === defaultWorkspace);
    const at = oldest === undefined ? { ...change, before: 0 } : { ...oldest, before: 1 };
    if (at.commit - at.before > this.#cursor.commit) {
      this.#cursor = { ...this.#cursor, commit: at.commit - at.before, committed_us: at.alert.committed_us };
    }
    this.#saving ??= setTimeout(() => {
      this.#saving = undefined;
      this.#save();
    }, 1_000).unref();
  }

  #save(): void {
    try {
      writeCursor(this.#cursorFile, this.#cursor);
    } catch (error) {
      this.#parts.logger.warn({ err: error }, "the place of the last notification cannot be written");
    }
  }
}

function isSevere(alert: AlertSummary, setting: Notification): boolean {
  // A test alert asks whether the whole way works, so it goes whatever its severity.
  if (alert.tags.includes("test")) return true;
  return severities.indexOf(alert.severity) <= severities.indexOf(setting.min_severity);
}
