import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { limits } from "../limits.ts";
import { TolerantAgent } from "./clock-tolerance.ts";

/** What the hub is trusted by, and what we show it. */
export type Trust = { ca: string; certificate?: string; key?: string };

export type Call = {
  method: "GET" | "POST";
  path: string;
  body?: Buffer;
  headers?: Record<string, string | number>;
  timeoutMs?: number;
};
export type Answer = { status: number; retryAfterMs: number | undefined; body: Buffer };

/** OpenSSL's verdict is right but for the time of a clock: ours or the hub's. */
const clockErrors = new Set(["CERT_NOT_YET_VALID", "CERT_HAS_EXPIRED"]);
/** The hub's certificate was signed by somebody else. */
const strangerErrors = new Set([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_SIGNATURE_FAILURE",
  "STRANGER",
]);

export function isStranger(error: unknown): boolean {
  return strangerErrors.has((error as NodeJS.ErrnoException).code ?? "");
}

/** HTTPS to the hub by its own CA alone, TLS 1.3, with our certificate; one connection a user of it. */
export class HubLink {
  readonly url: string;
  readonly #agents = new Map<string, Agent>();
  #trust: Trust | undefined;
  #tolerant = false;
  #closed = false;

  constructor(url: string) {
    this.url = url;
  }

  get isTrusted(): boolean {
    return this.#trust !== undefined;
  }

  /** From now on with these; what is on its way goes on as it is. */
  use(trust: Trust): void {
    this.#trust = trust;
    this.#renewAgents();
  }

  /** Throws what the connection threw; an error within 24 h of a clock's is tried again, with our own look at it. */
  async call(user: string, call: Call): Promise<Answer> {
    try {
      return await this.#send(user, call);
    } catch (error) {
      if (this.#tolerant || !clockErrors.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
      this.#tolerant = true;
      this.#renewAgents();
      return await this.#send(user, call);
    }
  }

  close(): void {
    this.#closed = true;
    for (const agent of this.#agents.values()) agent.destroy();
  }

  #renewAgents(): void {
    for (const agent of this.#agents.values()) retire(agent);
    this.#agents.clear();
  }

  #agentOf(user: string): Agent {
    const known = this.#agents.get(user);
    if (known !== undefined) return known;
    const trust = this.#trust;
    if (trust === undefined) throw new Error("this node is not enrolled");
    const { ca, certificate: cert, key } = trust;
    const ours = cert === undefined || key === undefined ? {} : { cert, key };
    const options = { ca, ...ours, keepAlive: true, maxSockets: 1, minVersion: "TLSv1.3" } as const;
    const agent = (this.#tolerant ? new TolerantAgent(options) : new Agent(options)) as Agent;
    this.#agents.set(user, agent);
    return agent;
  }

  #send(user: string, { method, path, body, headers, timeoutMs }: Call): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new Error("stopped");
      const agent = this.#agentOf(user);
      const length = body === undefined ? {} : { "content-length": body.length };
      const options = { method, headers: { ...headers, ...length }, agent };
      const sent = request(new URL(path, this.url), options, (answer) => readAnswer(answer, resolve, reject));
      sent.setTimeout(timeoutMs ?? limits.requestTimeoutMs, () => sent.destroy(new Error("no answer in time")));
      sent.on("error", reject);
      sent.end(body);
    });
  }
}

/** Its idle connections end now, the others when their request is done. */
function retire(agent: Agent): void {
  agent.maxFreeSockets = 0;
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}

export function readAnswer(answer: IncomingMessage, resolve: (it: Answer) => void, reject: (why: Error) => void): void {
  const parts: Buffer[] = [];
  let bytes = 0;
  answer.on("data", (part: Buffer) => {
    bytes += part.length;
    if (bytes > limits.replyBytesMax) answer.destroy(new Error("the reply is too long"));
    else parts.push(part);
  });
  answer.on("error", reject);
  answer.on("end", () => {
    const seconds = Number(answer.headers["retry-after"]);
    const retryAfterMs = Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1_000, 60_000) : undefined;
    resolve({ status: answer.statusCode ?? 0, retryAfterMs, body: Buffer.concat(parts) });
  });
}

export function jsonOf(body: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
