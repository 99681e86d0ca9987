import { readFileSync, statSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { dirname, resolve } from "node:path";
import type { z } from "zod";
import { faultReplySchema } from "./api.ts";
import { EventStreamParser, type StreamMessage } from "./event-stream.ts";
import { Fault, type FaultCode, faultCodes } from "./faults.ts";
import { limits } from "./limits.ts";

export type { StreamMessage } from "./event-stream.ts";

/** Where a hub is: its https address, the PEM of its own CA, and a bearer token (none before login). */
export type HubAddress = { url: string; ca: string; token: string | undefined };

type Call = {
  method: string;
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  quietMs?: number;
};

const replyBytesMax = 64 * 1024 * 1024;
const quietStreamMs = 60_000;
const reconnectMs = [200, 500, 1_000, 2_000, 5_000];

/** Talks to a hub over TLS that only its own CA can vouch for. Every method throws Fault. */
export class HubClient {
  readonly url: string;
  readonly #token: string | undefined;
  readonly #agent: Agent;

  constructor(address: HubAddress) {
    this.url = address.url.replace(/\/+$/, "");
    this.#token = address.token;
    this.#agent = new Agent({ ca: address.ca, keepAlive: true, minVersion: "TLSv1.3" });
  }

  /** Reads a `client.json` as the hub (or `atalaya login`) wrote it: `{ url, ca_file, token }`. Refuses one that others may read. */
  static fromFile(path: string): HubClient {
    refuseOpen(path);
    try {
      const file = JSON.parse(readFileSync(path, "utf8")) as { url: string; ca_file: string; token: string };
      const ca = readFileSync(resolve(dirname(path), file.ca_file), "utf8");
      return new HubClient({ url: file.url, ca, token: file.token });
    } catch (error) {
      throw new Fault("HUB_UNREACHABLE", `${path} cannot be read; sign in again with: atalaya login`, { path }, error);
    }
  }

  async get<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    return (await this.#parsed({ method: "GET", path }, schema)).value;
  }

  /** A setting that is replaced as a whole, and its version: the ETag without its quotes. */
  async getVersioned<T>(path: string, schema: z.ZodType<T>): Promise<{ value: T; version: string }> {
    const { value, etag } = await this.#parsed({ method: "GET", path }, schema);
    const version = /"([^"]+)"/.exec(etag ?? "")?.[1];
    if (version === undefined) throw this.#strange(path);
    return { value, version };
  }

  async post<T>(path: string, body: unknown, schema: z.ZodType<T>): Promise<T> {
    return (await this.#parsed({ method: "POST", path, body }, schema)).value;
  }

  /** With `replaces` only in place of that version: else Fault CHANGED_SINCE, and nothing is changed. */
  async put<T>(path: string, body: unknown, schema: z.ZodType<T>, replaces?: string): Promise<T> {
    const headers: Record<string, string> = replaces === undefined ? {} : { "if-match": `"${replaces}"` };
    return (await this.#parsed({ method: "PUT", path, body, headers }, schema)).value;
  }

  async delete(path: string): Promise<void> {
    await readText(await this.#answer({ method: "DELETE", path }));
  }

  async text(path: string): Promise<string> {
    return readText(await this.#answer({ method: "GET", path }));
  }

  /** Asks for bytes and hands them on as they come. The hub may be quiet for `quietMs` before the first. */
  async download(path: string, quietMs: number, take: (part: Buffer) => Promise<void> | void): Promise<void> {
    const answer = await this.#answer({ method: "POST", path, quietMs, headers: { accept: "application/zstd" } });
    for await (const part of answer) await take(part as Buffer);
    if (!answer.complete) throw new Fault("HUB_UNREACHABLE", "The hub's answer was cut; try again", { path });
  }

  async postText(path: string, body: unknown): Promise<string> {
    return readText(await this.#answer({ method: "POST", path, body }));
  }

  /**
   * Follows the stream of `topics` (comma-separated) until `signal` aborts: reconnects by itself and resumes after the
   * last id. `onOpen` is called at every (re)connection. Throws when the hub refuses (401, 403, 404) or was never there.
   */
  async follow(
    topics: string,
    query: Record<string, string>,
    onMessage: (message: StreamMessage) => void,
    signal: AbortSignal,
    onOpen: () => void = () => {},
  ): Promise<void> {
    const path = `/api/v1/stream?${new URLSearchParams({ ...query, topics })}`;
    let lastId: string | undefined;
    let failures = 0;
    let everOpen = false;
    while (!signal.aborted) {
      try {
        const headers: Record<string, string> = { accept: "text/event-stream" };
        if (lastId !== undefined) headers["last-event-id"] = lastId;
        const answer = await this.#answer({ method: "GET", path, headers, signal });
        everOpen = true;
        failures = 0;
        onOpen();
        await readStream(answer, (message) => {
          if (message.id !== undefined) lastId = message.id;
          onMessage(message);
        });
      } catch (error) {
        if (signal.aborted) return;
        if (!everOpen || !isPassing(error)) throw error;
      }
      await pause(reconnectMs[Math.min(failures++, reconnectMs.length - 1)] ?? 5_000, signal);
    }
  }

  async #parsed<T>(call: Call, schema: z.ZodType<T>): Promise<{ value: T; etag: string | undefined }> {
    const answer = await this.#answer(call);
    const parsed = schema.safeParse(parseJson(await readText(answer)));
    if (!parsed.success) throw this.#strange(call.path);
    return { value: parsed.data, etag: answer.headers.etag };
  }

  #strange(path: string): Fault {
    return new Fault("HUB_UNREACHABLE", `${this.url} answered something else than a hub of this version does`, {
      path,
    });
  }

  /** The answer, when its status is 2xx; else the Fault that the hub named. */
  async #answer(call: Call): Promise<IncomingMessage> {
    const answer = await this.#send(call);
    const status = answer.statusCode ?? 0;
    if (status >= 200 && status < 300) return answer;
    const reply = faultReplySchema.safeParse(parseJson(await readText(answer)));
    const code =
      reply.success && Object.hasOwn(faultCodes, reply.data.code) ? (reply.data.code as FaultCode) : undefined;
    const message = reply.success ? reply.data.message : `the hub answered with status ${status}`;
    throw new Fault(code ?? (status >= 500 ? "HUB_UNREACHABLE" : "FORBIDDEN"), message, { status, path: call.path });
  }

  #send(call: Call): Promise<IncomingMessage> {
    const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
    const headers: Record<string, string> = { accept: "application/json", ...call.headers };
    if (this.#token !== undefined) headers["authorization"] = `Bearer ${this.#token}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    if (body !== undefined) headers["content-length"] = String(body.length);
    const options = { method: call.method, headers, agent: this.#agent, signal: call.signal };
    return new Promise((answered, failed) => {
      const sent = request(new URL(this.url + call.path), options, answered);
      sent.setTimeout(call.quietMs ?? quietStreamMs, () => sent.destroy(new Error("no answer")));
      sent.on("error", (cause: NodeJS.ErrnoException) => {
        const why = cause.code ?? cause.message;
        failed(
          new Fault("HUB_UNREACHABLE", `No hub answers at ${this.url} (${why}). Start it with: npm start`, {}, cause),
        );
      });
      sent.end(body);
    });
  }
}

/** A token that others on the machine can read, or put in place, is nobody's. */
function refuseOpen(path: string): void {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  if (process.platform === "win32" || (mode & 0o077) === 0) return;
  const octal = (mode & 0o777).toString(8).padStart(4, "0");
  throw new Fault(
    "HUB_UNREACHABLE",
    `${path} holds a token and has mode ${octal}: others can read it. Close it with: chmod 600 ${path}`,
    { path },
  );
}

async function readText(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of answer) {
    bytes += (part as Buffer).length;
    if (bytes > replyBytesMax) throw new Fault("BODY_TOO_LARGE", "the hub's answer is larger than 64 MiB");
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts).toString("utf8");
}

async function readStream(answer: IncomingMessage, onMessage: (message: StreamMessage) => void): Promise<void> {
  const parser = new EventStreamParser(onMessage, limits.eventBytesMax);
  for await (const part of answer) parser.push(part as Buffer);
}

/** Worth another try: the hub went away or is busy, not a refusal. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof Fault)) return true;
  return error.code === "HUB_UNREACHABLE" || error.code === "BUSY" || error.code === "STORE_UNREACHABLE";
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(finish, ms);
    signal.addEventListener("abort", finish, { once: true });
    function finish() {
      clearTimeout(timer);
      signal.removeEventListener("abort", finish);
      done();
    }
  });
}
