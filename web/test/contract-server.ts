import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Alert,
  type AlertAction,
  alertActionSchema,
  alertPageSchema,
  alertSummarySchema,
  type DriftPolicy,
  driftPolicySchema,
  enrolmentTokenRequestSchema,
  type FoundProcess,
  type ListedEnrolmentToken,
  loginRequestSchema,
  notificationSchema,
  processPageSchema,
  processQuerySchema,
  type RecorderPolicy,
  type Rule,
  recorderPolicySchema,
  sensorSchema,
} from "@atalaya/wire/api";
import { matchesFilters, readFilters } from "../index.ts";
import { makeAlert, makeNotification, makeRules, makeSensors, makeStatus } from "./canned.ts";
import { makeClusters, makeInventoryPage } from "./canned-inventory.ts";
import { makeChanges, makeLedger, makeNodes, makeToken } from "./canned-nodes.ts";

const built = fileURLToPath(new URL("../../build/web", import.meta.url));
const mimeTypes: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};
// The hub's own, word for word: what the page does must be possible under it.
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; " +
  "connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

class Refused extends Error {
  readonly status: number;
  readonly code: string;
  readonly facts: Record<string, string> | undefined;
  constructor(status: number, code: string, message: string, facts?: Record<string, string>) {
    super(message);
    this.status = status;
    this.code = code;
    this.facts = facts;
  }
}

/** A hub without a pipeline: the API's contract over canned data, to test the page against. */
export class ContractServer {
  alerts: Alert[] = [];
  processes: FoundProcess[] = [];
  /** How many processes a page has: fewer than were asked for, as of a hub whose search is long. */
  processesOnPage = 50;
  rules: Rule[] = makeRules();
  sensors = makeSensors();
  ledger = makeLedger();
  nodes = makeNodes();
  clusters = makeClusters();
  tokens: ListedEnrolmentToken[] = [];
  status: Parameters<typeof makeStatus>[1] = {};
  role: "viewer" | "analyst" | "admin" = "admin";
  notification = makeNotification();
  driftPolicy: DriftPolicy = { rules: [] };
  recorderPolicy: RecorderPolicy = { scopes: [] };
  /** Paths (by their beginning) that answer 503. */
  failing: string[] = [];
  /** Every changing request, for the tests to look at. */
  readonly changes: { path: string; body: unknown; csrf: string | undefined }[] = [];
  #signedIn = new Set<string>();
  #streams = new Set<ServerResponse>();
  #commit = 0;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        const refused = error instanceof Refused ? error : new Refused(500, "BUG", String(error));
        send(response, refused.status, { code: refused.code, message: refused.message, facts: refused.facts });
      });
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((done) => this.#server.listen(0, "127.0.0.1", done));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.dropStreams();
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  /** Raises or changes an alert and tells every stream. */
  raise(alert: Alert): void {
    const others = this.alerts.filter((one) => one.alert_id !== alert.alert_id);
    const known = others.length < this.alerts.length;
    this.alerts = known
      ? this.alerts.map((one) => (one.alert_id === alert.alert_id ? alert : one))
      : [alert, ...others];
    const data = JSON.stringify(alertSummarySchema.parse(alert));
    this.#commit += 1;
    for (const stream of this.#streams) stream.write(`event: alert\nid: ${this.#commit}\ndata: ${data}\n\n`);
  }

  report(sensor: unknown): void {
    const data = JSON.stringify(sensorSchema.parse(sensor));
    for (const stream of this.#streams) stream.write(`event: sensor\ndata: ${data}\n\n`);
  }

  dropStreams(): void {
    for (const stream of this.#streams) stream.destroy();
    this.#streams.clear();
  }

  endSessions(): void {
    this.#signedIn.clear();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://page");
    if (!url.pathname.startsWith("/api/v1/")) return sendFile(url.pathname, response);
    const path = decodeURIComponent(url.pathname.slice("/api/v1/".length));
    if (this.failing.some((one) => path.startsWith(one)))
      throw new Refused(503, "STORE_UNREACHABLE", "The database does not answer");
    const body: unknown = request.method === "GET" ? undefined : parse(await readBody(request));
    if (request.method !== "GET") {
      const csrf = request.headers["x-atalaya-csrf"]?.toString();
      if (csrf !== "1") throw new Refused(403, "FORBIDDEN", "no csrf header");
      this.changes.push({ path, body, csrf });
    }
    if (path === "login") return this.#login(body, response);
    const cookie = /atalaya_session=(\w+)/.exec(request.headers.cookie ?? "")?.[1] ?? "";
    if (!this.#signedIn.has(cookie)) throw new Refused(401, "CREDENTIAL_MISSING", "Sign in first");
    if (path === "stream") return this.#stream(request, response);
    if (path === "logout") {
      this.#signedIn.delete(cookie);
      response.writeHead(204).end();
      return;
    }
    if (path === "drift-policy" || path === "recorder-policy" || path === "notification")
      return this.#versioned(path, request, response, body);
    send(response, 200, this.#route(`${request.method} ${path}`, url.searchParams, body));
  }

  /** What is replaced only in place of what was read. */
  #versioned(
    path: "drift-policy" | "recorder-policy" | "notification",
    request: IncomingMessage,
    response: ServerResponse,
    body: unknown,
  ): void {
    const now = () =>
      ({
        notification: this.notification,
        "drift-policy": this.driftPolicy,
        "recorder-policy": this.recorderPolicy,
      })[path];
    const version = () => `"${Buffer.from(JSON.stringify(now())).toString("base64url")}"`;
    if (request.method === "PUT") {
      if (request.headers["if-match"] !== version())
        throw new Refused(412, "CHANGED_SINCE", "It was changed since it was read");
      if (path === "notification") this.#notify(body);
      else if (path === "recorder-policy") this.recorderPolicy = recorderPolicySchema.parse(body);
      else this.driftPolicy = driftPolicySchema.parse(body);
    }
    response.setHeader("etag", version());
    send(response, 200, now());
  }

  #notify(body: unknown): void {
    const wanted = notificationSchema.parse(body);
    // As the hub does; its own words.
    if (wanted.file !== null && !/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(wanted.file))
      throw new Refused(400, "BODY_MALFORMED", "The file is a plain name, like alerts.jsonl", { issue: "file_name" });
    this.notification = wanted;
  }

  #login(body: unknown, response: ServerResponse): void {
    const { user, password } = loginRequestSchema.parse(body);
    if (user !== "admin" || password !== "correct horse")
      throw new Refused(401, "LOGIN_REFUSED", "User name or password is wrong");
    const secret = crypto.randomUUID().replaceAll("-", "");
    this.#signedIn.add(secret);
    response.setHeader("set-cookie", `atalaya_session=${secret}; Path=/; HttpOnly; SameSite=Strict`);
    send(response, 200, this.#session());
  }

  #session() {
    return { user: "admin", role: this.role, workspace: "default", version: "0.1.0" };
  }

  #stream(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write("retry: 300\n\n");
    this.#streams.add(response);
    request.on("close", () => this.#streams.delete(response));
  }

  #route(route: string, query: URLSearchParams, body: unknown): unknown {
    const [, id = "", rest = ""] = /^\w+ (?:alerts|rules)\/([^/]+)(.*)$/.exec(route) ?? [];
    if (route === "GET session") return this.#session();
    if (route === "GET alerts") return this.#page(query);
    if (route === "GET status")
      return makeStatus(this.alerts.filter(({ status }) => status !== "resolved").length, this.status);
    if (route === "GET rules") return { rules: this.rules };
    if (route === "GET sensors") return { sensors: this.sensors };
    if (route === "GET ledger") return { nodes: this.ledger, next: null };
    if (route === "GET inventory/clusters") return { clusters: this.clusters };
    if (route.startsWith("GET inventory/")) return makeInventoryPage(route.slice("GET inventory/".length), query);
    if (route === "GET nodes") return { nodes: this.nodes };
    if (route === "GET enrolment-tokens") return { tokens: this.tokens };
    if (route === "GET processes") return this.#processPage(query);
    if (route === "GET changes") return this.#changePage(query.get("after"));
    if (route === "POST enrolment-tokens") {
      const { cluster, node, valid_s } = enrolmentTokenRequestSchema.parse(body);
      this.tokens = [makeToken(cluster, node ?? null, valid_s), ...this.tokens];
      return { ...this.tokens[0], token: "atalaya-enroll.abcdefgh.secret" };
    }
    if (route.startsWith("DELETE enrolment-tokens/")) {
      this.tokens = this.tokens.map((one) => ({ ...one, revoked_us: Date.now() * 1000 }));
      return {};
    }
    if (route.startsWith("POST nodes/")) {
      const revoked = route.slice("POST nodes/".length, -"/revoke".length);
      this.nodes = this.nodes.map((one) =>
        one.node_id === revoked ? { ...one, revoked_us: Date.now() * 1000, revoked_by: "admin" } : one,
      );
      return {};
    }
    if (route === "POST notification/test") return { ok: false, detail: "connect ECONNREFUSED 127.0.0.1:9" };
    if (route === "POST test-alert") {
      const alert = makeAlert(0, { alert_id: `test-${this.#commit}` });
      this.raise(alert);
      return alert;
    }
    if (route.startsWith("PUT rules/")) {
      const { enabled } = body as { enabled: boolean };
      this.rules = this.rules.map((rule) => (rule.rule === id ? { ...rule, enabled } : rule));
      return this.rules.find((rule) => rule.rule === id);
    }
    const alert = this.alerts.find((one) => one.alert_id === id);
    if (alert === undefined) throw new Refused(404, "NOT_FOUND", "There is no such alert");
    return rest === "/actions" ? this.#act(alert, alertActionSchema.parse(body)) : alert;
  }

  #processPage(search: URLSearchParams): unknown {
    const query = processQuerySchema.parse(Object.fromEntries(search));
    const words = (query.q ?? "").toLowerCase().split(/\s+/);
    const fitting = this.processes.filter(
      (one) =>
        (query.name ?? one.name) === one.name &&
        (query.uid ?? String(one.uid)) === String(one.uid) &&
        (query.since_us ?? 0) <= one.time_us &&
        one.container_id.startsWith(query.container ?? "") &&
        words.every((word) => `${one.name} ${one.exe_path} ${one.cmdline}`.toLowerCase().includes(word)),
    );
    const from = Number(query.cursor ?? 0);
    const to = from + this.processesOnPage;
    const processes = fitting.slice(from, to);
    const searched_to_us = processes.at(-1)?.time_us ?? 0;
    return processPageSchema.parse({
      processes,
      searched_to_us,
      ...(to < fitting.length ? { next_cursor: String(to) } : {}),
    });
  }

  #changePage(after: string | null): unknown {
    const all = makeChanges();
    const from = after === null ? 0 : Number(after);
    return { changes: all.slice(from, from + 50), next: from + 50 < all.length ? String(from + 50) : null };
  }

  #act(alert: Alert, { action, text, assignee }: AlertAction): Alert {
    const statuses = { acknowledge: "acknowledged", resolve: "resolved", reopen: "new" } as const;
    const status =
      action === "acknowledge" || action === "resolve" || action === "reopen" ? statuses[action] : alert.status;
    const changed: Alert = {
      ...alert,
      status,
      muted: action === "mute" || (alert.muted && action !== "unmute"),
      assignee: action === "assign" ? (assignee ?? null) : alert.assignee,
      comments: [...alert.comments, { time_us: Date.now() * 1000, user: "admin", action, text }],
    };
    this.raise(changed);
    return changed;
  }

  #page(query: URLSearchParams): unknown {
    const given = Object.fromEntries(query);
    const filters = readFilters({ ...given, status: given["status"] ?? "all" });
    const verdict = query.get("verdict");
    const says = ({ evidence }: Alert) => evidence.some((one) => one.output_fields["proc.exec_verdict"] === verdict);
    const fitting = verdict === null ? this.alerts : this.alerts.filter(says);
    const found = fitting.filter((alert) => matchesFilters(alert, filters));
    const from = Number(query.get("cursor") ?? 0);
    const limit = Number(query.get("limit") ?? 50);
    const next = from + limit < found.length ? { next_cursor: String(from + limit) } : {};
    const histogram = new Map<number, Record<string, number>>();
    for (const alert of found) {
      const minute = Math.floor(alert.last_seen_us / 60_000_000) * 60_000_000;
      const counts = histogram.get(minute) ?? {};
      counts[alert.severity] = (counts[alert.severity] ?? 0) + 1;
      histogram.set(minute, counts);
    }
    const open = this.alerts.filter(({ status }) => status !== "resolved");
    return alertPageSchema.parse({
      alerts: found.slice(from, from + limit),
      ...next,
      counts: { status: countBy(this.alerts, "status"), severity: countBy(open, "severity") },
      histogram: [...histogram].sort(([a], [b]) => a - b).map(([time_us, severity]) => ({ time_us, severity })),
    });
  }
}

function countBy(alerts: readonly Alert[], name: "status" | "severity"): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const alert of alerts) counts[alert[name]] = (counts[alert[name]] ?? 0) + 1;
  return counts;
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function sendFile(path: string, response: ServerResponse): void {
  const file = join(built, path);
  const found = existsSync(file) && statSync(file).isFile() ? file : join(built, "index.html");
  response.writeHead(200, {
    "content-type": mimeTypes[extname(found)] ?? "application/octet-stream",
    "content-security-policy": policy,
  });
  createReadStream(found).pipe(response);
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of request) text += String(part);
  return text;
}

function parse(text: string): unknown {
  return text === "" ? undefined : JSON.parse(text);
}
