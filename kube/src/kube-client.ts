import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { Fault, type Result } from "@atalaya/wire/framing";
import type { Access, KubeConnection } from "./connection.ts";
import { jsonLines } from "./json-lines.ts";
import { kubeLimits } from "./limits.ts";
import { statusFault } from "./status-fault.ts";

/** One request. Names in `path` are the caller's to encode (see `apiPath`). */
export type KubeCall = {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** From the first slash on, without a query. */
  path: string;
  query?: Readonly<Record<string, string | number | boolean | undefined>>;
  body?: unknown;
  /** Of the body; a patch says which kind it is, e.g. `application/merge-patch+json`. */
  contentType?: string;
  accept?: string;
  signal?: AbortSignal | undefined;
  /** For the whole answer; of a stream, for its beginning. */
  timeoutMs?: number;
  /** Of a stream: how long it may bring nothing. */
  quietMs?: number;
  /** Of a stream of lines: a longer one is a value. */
  lineBytesMax?: number;
  /** Of an answer that is read as a whole. */
  replyBytesMax?: number;
};

/**
 * Speaks to one API server: TLS 1.2 or newer, HTTP/1.1 on kept connections, one for each request that is under way. Every
 * method throws Fault KUBE_UNREACHABLE (nobody answered, or not in time), KUBE_REFUSED (see statusFault), KUBE_UNUSABLE
 * (a credential's file went away), or the reason of the call's own `signal`.
 */
export class KubeClient {
  readonly url: string;
  readonly #connection: KubeConnection;
  #agent: Agent | undefined;
  #access: Access | undefined;
  #accessReadMs = 0;

  constructor(connection: KubeConnection) {
    this.url = connection.url;
    this.#connection = connection;
  }

  /** The answer as JSON. */
  async json(call: KubeCall): Promise<unknown> {
    const text = await this.text(call);
    try {
      return JSON.parse(text);
    } catch {
      throw this.#unreachable(call, "the answer is no JSON");
    }
  }

  async text(call: KubeCall): Promise<string> {
    const limited = withTimeout(call);
    try {
      const answer = await this.#answer(call, limited.signal);
      return (await wholeBody(answer, call.replyBytesMax ?? kubeLimits.replyBytesMax)).toString("utf8");
    } catch (error) {
      throw this.#told(error, call, limited.signal);
    } finally {
      limited.stop();
    }
  }

  /**
   * Begins an answer that the caller reads piece by piece, and has to read to its end or destroy: a list page that is
   * parsed as it comes, a log. A break of the stream is an error of the stream; `lines` tells it as a Fault.
   */
  async open(call: KubeCall): Promise<IncomingMessage> {
    const limited = withTimeout(call);
    try {
      const answer = await this.#answer(call, limited.signal);
      // Between two reads nobody listens; whoever reads is told all the same.
      answer.on("error", () => {});
      const quietMs = call.quietMs ?? kubeLimits.quietStreamMs;
      answer.setTimeout(quietMs, () => answer.destroy(new Error(`nothing came for ${Math.round(quietMs / 1000)} s`)));
      return answer;
    } catch (error) {
      throw this.#told(error, call, limited.signal);
    } finally {
      limited.stop();
    }
  }

  /** The lines of a watch, as JSON; ends when the server ends it. A caller that stops iterating closes the connection. */
  async *lines(call: KubeCall): AsyncGenerator<Result<unknown>> {
    const answer = await this.open(call);
    try {
      yield* jsonLines(answer, call.lineBytesMax);
    } catch (error) {
      throw this.#told(error, call, call.signal);
    } finally {
      answer.destroy();
    }
  }

  /** Closes every connection; streams that are open break. The client can be used again. */
  close(): void {
    this.#agent?.destroy();
    this.#agent = undefined;
  }

  /** The answer's head, when its status is 2xx. */
  async #answer(call: KubeCall, signal: AbortSignal): Promise<IncomingMessage> {
    const used = this.#freshAccess();
    let answer = await this.#sendAgain(call, used, signal);
    if (answer.statusCode === 401) {
      // The token may have been replaced since it was read.
      const now = this.#freshAccess(true);
      if (now.token !== used.token) {
        answer.resume();
        answer = await this.#sendAgain(call, now, signal);
      }
    }
    const code = answer.statusCode ?? 0;
    if (code >= 200 && code < 300) return answer;
    const body = (await wholeBody(answer, kubeLimits.replyBytesMax)).toString("utf8");
    throw statusFault(parsed(body), call.path, code);
  }

  /** A kept connection that the server had closed already is nobody's failure; what only reads is asked once more. */
  async #sendAgain(call: KubeCall, access: Access, signal: AbortSignal): Promise<IncomingMessage> {
    try {
      return await this.#send(call, access, signal);
    } catch (error) {
      const stale = error instanceof StaleConnection && (call.method ?? "GET") === "GET" && !signal.aborted;
      if (!stale) throw error;
      return await this.#send(call, access, signal);
    }
  }

  #send(call: KubeCall, access: Access, signal: AbortSignal): Promise<IncomingMessage> {
    const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
    const headers: Record<string, string> = { accept: call.accept ?? "application/json", "user-agent": "atalaya" };
    if (access.token !== undefined) headers["authorization"] = `Bearer ${access.token}`;
    if (body !== undefined) {
      headers["content-type"] = call.contentType ?? "application/json";
      headers["content-length"] = String(body.length);
    }
    const options = { method: call.method ?? "GET", headers, agent: this.#agentFor(access) };
    return new Promise((answered, failed) => {
      if (signal.aborted) throw signal.reason;
      let answer: IncomingMessage | undefined;
      const sent = request(`${this.url}${call.path}${queryOf(call.query)}`, options, (got) => {
        answer = got;
        answered(got);
      });
      // Node's own handling of a signal breaks a connection that has just become free, with an error that nobody hears.
      const abort = () => void (answer?.complete || sent.destroy(signal.reason));
      signal.addEventListener("abort", abort, { once: true });
      sent.on("close", () => signal.removeEventListener("abort", abort));
      sent.on("error", (cause) => failed(sent.reusedSocket ? new StaleConnection(cause) : cause));
      sent.end(body);
    });
  }

  #freshAccess(again = false): Access {
    const now = performance.now();
    if (again || this.#access === undefined || now - this.#accessReadMs > kubeLimits.credentialMs) {
      const access = this.#connection.access();
      const { ca, certificate, key } = this.#access ?? {};
      // A watch that is open keeps its connection; only new ones are made with the new agent.
      if (access.ca !== ca || access.certificate !== certificate || access.key !== key) this.#agent = undefined;
      this.#access = access;
      this.#accessReadMs = now;
    }
    return this.#access;
  }

  #agentFor({ ca, certificate, key }: Access): Agent {
    this.#agent ??= new Agent({
      keepAlive: true,
      keepAliveMsecs: kubeLimits.probeMs,
      maxSockets: kubeLimits.socketsMax,
      maxFreeSockets: kubeLimits.freeSocketsMax,
      minVersion: "TLSv1.2",
      ...(ca === undefined ? {} : { ca }),
      ...(certificate === undefined ? {} : { cert: certificate }),
      ...(key === undefined ? {} : { key }),
      ...(this.#connection.serverName === undefined ? {} : { servername: this.#connection.serverName }),
    });
    return this.#agent;
  }

  /** What went wrong, as whoever asked should hear it. */
  #told(error: unknown, call: KubeCall, signal: AbortSignal | undefined): unknown {
    if (error instanceof Fault) return error;
    if (call.signal?.aborted) return call.signal.reason;
    const seconds = Math.round((call.timeoutMs ?? kubeLimits.requestMs) / 1000);
    if (signal?.aborted) return this.#unreachable(call, `no answer within ${seconds} s`, error);
    const cause = error instanceof StaleConnection ? error.cause : error;
    const code = (cause as NodeJS.ErrnoException | undefined)?.code;
    return this.#unreachable(call, code ?? (cause instanceof Error ? cause.message : "unknown"), cause);
  }

  #unreachable(call: KubeCall, why: string, cause?: unknown): Fault {
    const message = `The Kubernetes API server at ${this.url} does not answer (${why})`;
    return new Fault("KUBE_UNREACHABLE", message, { path: call.path, why }, cause);
  }
}

class StaleConnection extends Error {
  constructor(cause: unknown) {
    super("a kept connection broke", { cause });
  }
}

/** A path with each part encoded: `apiPath("api/v1/namespaces", namespace, "pods", name)`. */
export function apiPath(root: string, ...parts: string[]): string {
  return ["", root, ...parts.map(encodeURIComponent)].join("/");
}

function queryOf(query: KubeCall["query"]): string {
  const given = Object.entries(query ?? {}).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, String(value)]],
  );
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
}

/** Aborts with the call's own signal, or when its time is over before `stop`. */
function withTimeout({ signal, timeoutMs = kubeLimits.requestMs }: KubeCall): {
  signal: AbortSignal;
  stop: () => void;
} {
  const own = new AbortController();
  const timer = setTimeout(() => own.abort(), timeoutMs);
  const stop = () => clearTimeout(timer);
  return { signal: signal === undefined ? own.signal : AbortSignal.any([own.signal, signal]), stop };
}

async function wholeBody(answer: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of answer) {
    bytes += (part as Buffer).length;
    if (bytes > bytesMax) {
      answer.destroy();
      throw new Fault("BODY_TOO_LARGE", `The Kubernetes API server's answer is larger than ${bytesMax} bytes`, {
        bytesMax,
      });
    }
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
