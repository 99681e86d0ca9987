import { limits } from "../limits.ts";
import type { Answer } from "./answer-reader.ts";
import { type Call, HubConnection, type Trust } from "./hub-connection.ts";

export type { Answer } from "./answer-reader.ts";
export type { Trust } from "./hub-connection.ts";

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
  /** `http://HOST:PORT` of a proxy on the way. */
  readonly proxy: string | undefined;
  readonly #connections = new Map<string, { connection: HubConnection; busy: boolean }>();
  #trust: Trust | undefined;
  #tolerant = false;
  #closed = false;

  constructor(url: string, proxy?: string) {
    this.url = url;
    this.proxy = proxy;
  }

  get isTrusted(): boolean {
    return this.#trust !== undefined;
  }

  /** From now on with these; what is on its way goes on as it is. */
  use(trust: Trust): void {
    this.#trust = trust;
    this.#renewConnections();
  }

  /** Throws what the connection threw; a certificate that is only out of its time is judged again, by ourselves. */
  async call(user: string, call: Omit<Call, "timeoutMs"> & { timeoutMs?: number }): Promise<Answer> {
    const timed = { timeoutMs: limits.requestTimeoutMs, ...call };
    try {
      return await this.#send(user, timed);
    } catch (error) {
      if (this.#tolerant || !clockErrors.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
      this.#tolerant = true;
      this.#renewConnections();
      return await this.#send(user, timed);
    }
  }

  close(): void {
    this.#closed = true;
    for (const { connection } of this.#connections.values()) connection.close();
  }

  #renewConnections(): void {
    for (const { connection, busy } of this.#connections.values()) if (!busy) connection.close();
    this.#connections.clear();
  }

  async #send(user: string, call: Call): Promise<Answer> {
    if (this.#closed) throw new Error("stopped");
    if (this.#trust === undefined) throw new Error("this node is not enrolled");
    let used = this.#connections.get(user);
    if (used === undefined) {
      const judge = this.#tolerant ? "us" : "openssl";
      used = { connection: new HubConnection(this.url, this.#trust, judge, this.proxy), busy: false };
      this.#connections.set(user, used);
    }
    used.busy = true;
    try {
      return await used.connection.call(call);
    } finally {
      used.busy = false;
      // Another one took its place meanwhile.
      if (this.#connections.get(user) !== used) used.connection.close();
    }
  }
}

export function jsonOf(body: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
