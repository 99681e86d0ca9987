import { Fault } from "@atalaya/wire";
import type { FastifyReply, FastifyRequest } from "fastify";
import { senderIn } from "../auth/authenticate.ts";
import type { HttpMetrics } from "../server/http-metrics.ts";
import { serverLimits } from "../server/limits.ts";

type Place = { request: FastifyRequest; credential: string; bytes: number; startMs: number; readBefore: number };

/**
 * Bodies that are being read or worked on, bounded in number and bytes, in all and for each credential: a sender is
 * told to wait before memory grows. A body that arrives a byte a second gives its place to the next that wants one.
 */
export class BodyAdmission {
  readonly #metrics: HttpMetrics;
  readonly #places = new Set<Place>();
  #bytes = 0;

  constructor(metrics: HttpMetrics) {
    this.#metrics = metrics;
  }

  /** Takes a place for a request's body, until its answer is done or its connection ends; throws Fault BUSY. */
  admit(request: FastifyRequest, reply: FastifyReply, bodyBytesMax: number): void {
    const bytes = Number(request.headers["content-length"] ?? bodyBytesMax);
    if (bytes > bodyBytesMax) {
      throw new Fault("BODY_TOO_LARGE", `The body is larger than ${bodyBytesMax} bytes; send less at once`, {
        bytes_max: bodyBytesMax,
      });
    }
    const { credentialId: credential } = senderIn(request);
    while (!this.#hasRoom(credential, bytes)) if (!this.#endSlowest()) throw busy();
    const place = { request, credential, bytes, startMs: performance.now(), readBefore: request.socket.bytesRead };
    this.#places.add(place);
    this.#bytes += bytes;
    // `close` comes in every case: answered, aborted, reset.
    reply.raw.once("close", () => this.#leave(place));
  }

  #hasRoom(credential: string, bytes: number): boolean {
    if (this.#places.size >= serverLimits.bodiesInFlightMax) return false;
    if (this.#bytes + bytes > serverLimits.bodyBytesInFlightMax) return false;
    let own = 0;
    for (const place of this.#places) if (place.credential === credential) own++;
    return own < serverLimits.bodiesPerCredentialMax;
  }

  /** Ends the body that arrives slowest, where one is slow; false where all hurry. */
  #endSlowest(): boolean {
    let [slowest, slowestRate]: [Place | undefined, number] = [undefined, serverLimits.slowBodyBytesPerSecond];
    for (const place of this.#places) {
      const ms = performance.now() - place.startMs;
      if (place.request.raw.complete || ms < serverLimits.slowBodyMs) continue;
      const rate = ((place.request.socket.bytesRead - place.readBefore) * 1_000) / ms;
      if (rate < slowestRate) [slowest, slowestRate] = [place, rate];
    }
    if (slowest === undefined) return false;
    this.#metrics.bodiesEnded.inc();
    this.#leave(slowest);
    slowest.request.socket.destroy();
    return true;
  }

  #leave(place: Place): void {
    if (this.#places.delete(place)) this.#bytes -= place.bytes;
  }
}

export function busy(): Fault {
  return new Fault("BUSY", "The hub takes no more at the moment; send it again after Retry-After", {
    retry_after_s: serverLimits.retryAfterS,
  });
}
