import { Fault } from "@atalaya/wire";
import type { FastifyReply, FastifyRequest } from "fastify";
import { serverLimits } from "../server/limits.ts";

/** Bodies that are being read or worked on, bounded in number and bytes: a sender is told to wait before memory grows. */
export class BodyAdmission {
  #bodies = 0;
  #bytes = 0;

  /** Takes a place for a request's body, until its answer is done or its connection ends; throws Fault BUSY. */
  admit(request: FastifyRequest, reply: FastifyReply, bodyBytesMax: number): void {
    const announced = Number(request.headers["content-length"] ?? bodyBytesMax);
    if (announced > bodyBytesMax) {
      throw new Fault("BODY_TOO_LARGE", `The body is larger than ${bodyBytesMax} bytes; send less at once`, {
        bytes_max: bodyBytesMax,
      });
    }
    const full = this.#bodies >= serverLimits.bodiesInFlightMax;
    if (full || this.#bytes + announced > serverLimits.bodyBytesInFlightMax) throw busy();
    this.#bodies++;
    this.#bytes += announced;
    // `close` comes in every case: answered, aborted, reset.
    reply.raw.once("close", () => {
      this.#bodies--;
      this.#bytes -= announced;
    });
  }
}

export function busy(): Fault {
  return new Fault("BUSY", "The hub takes no more at the moment; send it again after Retry-After", {
    retry_after_s: serverLimits.retryAfterS,
  });
}
