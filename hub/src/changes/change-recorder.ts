import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { addressOf } from "../auth/sign-in.ts";
import type { HttpMetrics } from "../server/http-metrics.ts";
import { defaultWorkspace } from "../server/workspace.ts";
import type { ChangeRow, ChangeStore } from "./change-store.ts";
import { changeLimits } from "./limits.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** What a route made known of a change that neither the account nor the path tells. */
    changed: { user?: string; workspaceId?: string; object?: string } | null;
  }
}

// What senders bring all day is no change of the hub; it has accounts of its own (the ledger).
const noChange = new Set(["/v1/ingest", "/v1/sync", "/v1/audit/:cluster", "/v1/enroll/renew"]);

/** Writes every change through the API down, after its answer was sent: nobody waits for it. */
export class ChangeRecorder {
  readonly #store: ChangeStore;
  readonly #metrics: HttpMetrics;
  readonly #logger: FastifyBaseLogger;
  readonly #waiting: ChangeRow[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #strangers = { minute: 0, n: 0 };

  constructor(store: ChangeStore, metrics: HttpMetrics, logger: FastifyBaseLogger) {
    this.#store = store;
    this.#metrics = metrics;
    this.#logger = logger;
  }

  watch(app: FastifyInstance): void {
    app.addHook("onResponse", (request, reply, done) => {
      const route = request.routeOptions.url;
      if (route !== undefined && request.method !== "GET" && request.method !== "HEAD" && !noChange.has(route))
        this.#note(rowOf(request, reply, route));
      done();
    });
  }

  #note(row: ChangeRow): void {
    if ((row.user === "" && this.#tooManyStrangers()) || this.#waiting.length >= changeLimits.waitingMax) {
      this.#metrics.changesDropped.inc();
      return;
    }
    this.#waiting.push(row);
    this.#timer ??= setTimeout(() => void this.flush(), changeLimits.writeDelayMs).unref();
  }

  #tooManyStrangers(): boolean {
    const minute = Math.floor(performance.now() / 60_000);
    if (this.#strangers.minute !== minute) this.#strangers = { minute, n: 0 };
    this.#strangers.n += 1;
    return this.#strangers.n > changeLimits.strangersPerMinuteMax;
  }

  /** Writes what waits; one write at a time. A store that takes nothing is asked again later. */
  flush(): Promise<void> {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const rows = this.#waiting.splice(0);
    if (rows.length === 0) return;
    try {
      await this.#store.add(rows);
    } catch (error) {
      this.#logger.error({ err: error }, "changes could not be written down");
      this.#waiting.unshift(...rows);
      this.#timer = setTimeout(() => void this.flush(), changeLimits.retryMs).unref();
    }
  }
}

function rowOf(request: FastifyRequest, reply: FastifyReply, route: string): ChangeRow {
  const { who, changed } = request;
  const named =
    changed?.object ?? Object.values((request.params as Record<string, string> | undefined) ?? {}).join("/");
  const by = who === null ? (changed?.user === undefined ? "" : "sign-in") : (who.tokenName ?? "browser");
  return {
    workspaceId: who?.workspaceId ?? changed?.workspaceId ?? defaultWorkspace,
    time_us: Date.now() * 1_000,
    user: who?.user ?? changed?.user ?? "",
    by,
    address: addressOf(request),
    method: request.method,
    route: route.replace(/:(\w+)/g, "{$1}"),
    object: hideSecrets(named.slice(0, changeLimits.objectCharsMax)),
    status: reply.statusCode,
  };
}

/** Who pastes a whole token where its id belongs must not find it in the log. */
function hideSecrets(text: string): string {
  return /atl[a-z]_|atalaya-enroll|^ey[\w-]+\.ey/i.test(text) ? "[redacted]" : text;
}
