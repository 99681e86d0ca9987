import { Fault } from "@atalaya/wire";
import { pipelineLimits } from "../core/limits.ts";

export type Accepted = { accepted: number; duplicates: number };
type Request = { bytes: number; resolve(value: Accepted): void; reject(error: unknown): void };

/** The requests between arrival and commit, bounded by their bytes. */
export class InFlight {
  readonly #requests = new Map<number, Request>();
  #next = 0;
  #bytesPerSecond = 0;
  #settledBytes = 0;
  #second = 0;
  bytes = 0;
  refused = 0;

  get size(): number {
    return this.#requests.size;
  }

  /** Throws Fault BUSY, with how long to wait, when the bytes would go over the limit. */
  admit(bytes: number): void {
    if (this.bytes + bytes <= pipelineLimits.inFlightBytesMax) return;
    this.refused += 1;
    const wait = this.#bytesPerSecond > 0 ? Math.ceil(this.bytes / this.#bytesPerSecond) : pipelineLimits.retryAfterS;
    const retry_after_s = Math.min(Math.max(wait, pipelineLimits.retryAfterS), pipelineLimits.retryAfterMaxS);
    throw new Fault("BUSY", `The hub works on ${this.bytes} bytes already; send again in ${retry_after_s} s.`, {
      retry_after_s,
      in_flight_bytes: this.bytes,
    });
  }

  /** Gives the request's number to `send` and resolves when it is settled. */
  open(bytes: number, send: (request: number) => void): Promise<Accepted> {
    this.bytes += bytes;
    return new Promise((resolve, reject) => {
      const request = ++this.#next;
      this.#requests.set(request, { bytes, resolve, reject });
      send(request);
    });
  }

  resolve(request: number, value: Accepted): void {
    this.#settle(request)?.resolve(value);
  }

  reject(request: number, error: unknown): void {
    this.#settle(request)?.reject(error);
  }

  rejectAll(error: unknown): void {
    for (const request of [...this.#requests.keys()]) this.reject(request, error);
  }

  #settle(request: number): Request | undefined {
    const found = this.#requests.get(request);
    if (found === undefined) return undefined;
    this.#requests.delete(request);
    this.bytes -= found.bytes;
    this.#measure(found.bytes);
    return found;
  }

  #measure(bytes: number): void {
    const second = Math.floor(performance.now() / 1_000);
    if (second !== this.#second) {
      this.#bytesPerSecond = this.#settledBytes / Math.max(1, second - this.#second);
      this.#settledBytes = 0;
      this.#second = second;
    }
    this.#settledBytes += bytes;
  }
}
